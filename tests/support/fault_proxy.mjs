// Stands at PORT before the server of the loopback at SERVER, and does to each new connection what the file FAULT says:
// "none"; "reset" ends it at once; "silent" never says anything; "cut N" ends it after N bytes of the server's; "slow N" lets
// N bytes of the server's through in a second; "flip N" changes the Nth byte of the server's, and each thousandth after it.
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'

const [port, server, file] = process.argv.slice(2)

function flipped(chunk, at, first) {
  for (let i = Math.max(0, first - at); i < chunk.length; i += 1000) chunk[i] ^= 0x40
  return chunk
}

async function pass(client, upstream, fault, count) {
  let passed = 0
  for await (const chunk of upstream) {
    if (fault === 'cut' && passed + chunk.length >= count) {
      client.write(chunk.subarray(0, count - passed))
      client.destroySoon()
      return upstream.destroy()
    }
    const said = fault === 'flip' ? flipped(chunk, passed, count) : chunk
    if (fault === 'slow') {
      for (let i = 0; i < said.length; i += count) {
        client.write(said.subarray(i, i + count))
        await new Promise((resolve) => setTimeout(resolve, 1000))
      }
    } else client.write(said)
    passed += chunk.length
  }
  client.end()
}

createServer((client) => {
  const [fault, count] = readFileSync(file, 'utf8').trim().split(' ')
  client.on('error', () => {})
  if (fault === 'reset') return client.resetAndDestroy()
  if (fault === 'silent') return client.resume()
  const upstream = connect(Number(server), '127.0.0.1')
  client.on('close', () => upstream.destroy())
  upstream.on('error', () => client.destroy())
  client.pipe(upstream)
  pass(client, upstream, fault, Number(count)).catch(() => client.destroy())
}).listen(Number(port), '127.0.0.1')
