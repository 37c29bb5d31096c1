// Stands between an agent and its host and writes down what the agent asks.
import { createServer, request } from 'node:http'

export async function record(target) {
  const conversation = []
  const server = createServer((incoming, outgoing) => {
    const chunks = []
    incoming.on('data', (chunk) => chunks.push(chunk))
    incoming.on('end', () => {
      const body = Buffer.concat(chunks)
      const entry = { method: incoming.method, path: incoming.url, body: body.length > 0 ? JSON.parse(body.toString()) : undefined }
      const { host: _host, ...headers } = incoming.headers
      const forwarded = request(target + incoming.url, { method: incoming.method, headers }, (answer) => {
        const parts = []
        answer.on('data', (chunk) => parts.push(chunk))
        answer.on('end', () => {
          conversation.push({ ...entry, status: answer.statusCode })
          outgoing.writeHead(answer.statusCode, answer.headers)
          outgoing.end(Buffer.concat(parts))
        })
      })
      forwarded.on('error', () => outgoing.destroy())
      outgoing.on('close', () => forwarded.destroy())
      forwarded.end(body)
    })
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  return { conversation, url: `http://127.0.0.1:${server.address().port}`, stop: () => server.closeAllConnections() || server.close() }
}
