// Azure Blob Storage for tests: PORT INNER-PORT FOLDER KEY CERTIFICATE, with its account in AZURITE_ACCOUNTS. restic dials the
// cloud's own names, so it comes through this: an HTTP proxy at PORT that leads every connection to Azurite at INNER-PORT.
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { connect } from 'node:net'

const require = createRequire(new URL('../../build/tools/storage/', import.meta.url))
const [port, inner, folder, key, cert] = process.argv.slice(2)
process.argv = [
  process.argv[0], 'azurite-blob', '--blobHost', '127.0.0.1', '--blobPort', inner, '--location', folder,
  '--key', key, '--cert', cert, '--skipApiVersionCheck', '--disableTelemetry', '--silent',
]
require('azurite/dist/src/blob/main.js')

const proxy = createServer().on('connect', (request, client, head) => {
  const server = connect(Number(inner), '127.0.0.1', () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n')
    server.write(head)
    server.pipe(client).pipe(server)
  })
  server.on('error', () => client.destroy())
  client.on('error', () => server.destroy())
})
/** Whoever finds the proxy open finds Azurite behind it. */
const listenWhereAzuriteServes = () =>
  connect(Number(inner), '127.0.0.1')
    .on('connect', function () {
      this.destroy()
      proxy.listen(Number(port), '127.0.0.1')
    })
    .on('error', () => setTimeout(listenWhereAzuriteServes, 50))
listenWhereAzuriteServes()
