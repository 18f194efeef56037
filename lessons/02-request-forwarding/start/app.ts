// An app that tells what it was asked. It knows nothing of the world outside. Leave it as it is.
import http from 'node:http'

const streams = new Set<http.ServerResponse>()

async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { method, url = '/', headers } = request
  console.log(`${method} ${url}`)
  // A bad day: it never answers, or hangs up.
  if (url.startsWith('/hang')) return
  if (url.startsWith('/drop')) return void request.socket.destroy()
  // An answer in two parts: the second one comes when somebody asks for /end.
  if (url.startsWith('/stream')) {
    response.writeHead(200).write('first ')
    return void streams.add(response)
  }
  if (url.startsWith('/end')) for (const stream of streams) if (streams.delete(stream)) stream.end('last')
  const status = Number(/^\/status\/(\d+)/.exec(url)?.[1] ?? 200)
  response.writeHead(status, { 'content-type': 'application/json', 'x-app': 'shop' })
  response.end(`${JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() })}\n`)
}

const server = http.createServer((request, response) => void answer(request, response).catch(() => {}))
const listen = () => server.listen(9000, '127.0.0.1', () => console.log('here'))

listen()
// Another bad day: it is away for two seconds.
process.on('SIGUSR1', () => {
  console.log('away')
  server.close()
  server.closeAllConnections()
  setTimeout(listen, 2000)
})
process.on('SIGTERM', () => process.exit(0))
