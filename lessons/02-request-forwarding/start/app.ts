// An app that tells what it was asked. It knows nothing of the world outside. Leave it as it is.
import http from 'node:http'

/** How to end the answers that go on until somebody asks for /end with the same query. */
const streams = new Map<string, () => void>()

async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { method, url = '/', headers } = request
  const [path = '/', query = ''] = url.split('?')
  console.log(`${method} ${url}`)
  response.on('close', () => {
    if (!response.writableEnded) console.log(`nobody waits for ${url} any more`)
  })
  // A bad day: it never answers, or hangs up.
  if (path.startsWith('/hang')) return
  if (path.startsWith('/drop')) return void request.socket.destroy()
  if (path === '/stream') {
    response.writeHead(200).write('first ')
    const drip = setInterval(() => response.writableEnded || response.write('. '), 100)
    streams.set(query, () => response.end('last'))
    response.on('close', () => {
      clearInterval(drip)
      streams.delete(query)
    })
    return
  }
  if (path === '/streams') return void response.end([...streams.keys()].join('\n'))
  if (path === '/end') streams.get(query)?.()
  const status = Number(/^\/status\/(\d+)/.exec(path)?.[1] ?? 200)
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
