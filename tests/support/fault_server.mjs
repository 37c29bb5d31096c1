// What is wrong with a REST server of restic, at PORT: "page" answers with a page of its own, "full" takes nothing more,
// "half" ends each answer before it is over,
// "elsewhere" sends its callers to another address.
import { createServer } from 'node:http'

const [port, fault] = process.argv.slice(2)
const PAGE = '<!doctype html><title>Sign in to the hotel</title>'
const empty = (request, response) => {
  if (request.method === 'POST') return response.writeHead(200).end()
  if (request.url.endsWith('/')) return response.writeHead(200).end('[]')
  response.writeHead(404).end()
}
const faults = {
  page: (request, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(PAGE),
  full: (request, response) =>
    request.method === 'POST' && !request.url.includes('create=') ? response.writeHead(507).end() : empty(request, response),
  elsewhere: (request, response) => response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(),
  half: (request, response) => {
    response.writeHead(200, { 'Content-Length': '1000' })
    response.write('half', () => request.socket.destroy())
  },
}
createServer((request, response) => {
  request.resume()
  faults[fault](request, response)
}).listen(Number(port), '127.0.0.1')
