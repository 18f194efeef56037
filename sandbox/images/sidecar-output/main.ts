/**
 * sidecar-output: greets on GET /hello and refuses the rest, in the bytes of Akka HTTP 10.2.9.
 *
 * HOST (127.0.0.1) and PORT (7979) say where it listens.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

const page = '<h1>Say hello to akka-http</h1>'
const notFound = 'The requested resource could not be found.'
const notAllowed = 'HTTP method not allowed, supported methods: GET'

function handle(request: IncomingMessage, response: ServerResponse): void {
  const path = decodePath(request.url ?? '')
  // HEAD is refused like any other method: Akka HTTP 10.2 no longer treats it as GET (transparent-head-requests = off).
  if (path !== '/hello') {
    send(response, 404, 'text/plain', notFound)
  } else if (request.method !== 'GET') {
    send(response, 405, 'text/plain', notAllowed, [['Allow', 'GET']])
  } else {
    process.stdout.write('receive a request\n')
    send(response, 200, 'text/html', page)
  }
}

/** Without the query, and with %68 read as h; what can't be read so stays as it is. */
function decodePath(url: string): string {
  const path = url.replace(/^https?:\/\/[^/]*/i, '').replace(/\?.*/s, '')
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** Akka's order of headers: the answer's own, Server, Date, Connection where it is needed, then the entity's. */
function send(
  response: ServerResponse,
  status: number,
  type: 'text/html' | 'text/plain',
  body: string,
  headers: string[][] = [],
): void {
  // Node would announce keep-alive in two more headers; HTTP/1.1 needs none.
  response.removeHeader('Connection')
  const connection = response.shouldKeepAlive ? [] : [['Connection', 'close']]
  response.sendDate = false
  const all = [
    ...headers,
    ['Server', 'akka-http/10.2.9'],
    ['Date', new Date().toUTCString()],
    ...connection,
    ['Content-Type', `${type}; charset=UTF-8`],
    ['Content-Length', String(Buffer.byteLength(body))],
  ]
  response.writeHead(status, all.flat())
  response.end(body)
}

function fail(message: string): never {
  process.stderr.write(`sidecar-output: ${message}\n`)
  process.exit(1)
}

process.on('SIGTERM', () => process.exit(0))
process.on('SIGINT', () => process.exit(0))

// The original binds the name localhost, which a JVM reads as 127.0.0.1 alone. Node would take the first line of
// /etc/hosts, often ::1, and clients that know IPv4 only would find nobody. Those that try ::1 first fall back.
const host = process.env.HOST ?? '127.0.0.1'
const port = process.env.PORT ?? '7979'
if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
  fail(`PORT is "${port}", which is no port: write a number from 0 to 65535, such as 7979`)
}

createServer({ keepAliveTimeout: 60_000 }, handle)
  .on('error', (error) => fail(`can't listen on ${host}:${port}: ${error.message}`))
  .listen(Number(port), host)
