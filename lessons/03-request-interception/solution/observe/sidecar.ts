// Passes each call of the app on to the price service, under an id, and logs how it went.
import { randomUUID } from 'node:crypto'
import http from 'node:http'

const upstream = new URL(process.env.UPSTREAM_URL ?? 'http://prices')

/** The headers that are meant for the other end; these two are between two neighbors only. */
function endToEnd(headers: http.IncomingHttpHeaders): http.OutgoingHttpHeaders {
  const { connection: _connection, 'keep-alive': _keepAlive, ...rest } = headers
  return rest
}

/** One line of JSON when the call is over, however it ends. */
function logAtTheEnd(call: http.IncomingMessage, answer: http.ServerResponse, entry: Entry): void {
  const startedMs = performance.now()
  answer.on('close', () => {
    const durationMs = Math.round(performance.now() - startedMs)
    const { method, url: path } = call
    const status = answer.headersSent ? answer.statusCode : undefined
    console.log(JSON.stringify({ method, path, status, durationMs, ...entry }))
  })
}

interface Entry {
  requestId: string
  bytes: number
  error?: string
}

function handle(call: http.IncomingMessage, answer: http.ServerResponse): void {
  const given = call.headers['x-request-id']
  const entry: Entry = { requestId: given ? String(given) : randomUUID(), bytes: 0 }
  logAtTheEnd(call, answer, entry)

  const headers = { ...endToEnd(call.headers), host: upstream.host, 'x-request-id': entry.requestId }
  const onward = http.request(upstream, { method: call.method, path: call.url, headers })
  onward.on('response', (reply) => {
    answer.writeHead(reply.statusCode!, endToEnd(reply.headers))
    reply.on('data', (part: Buffer) => (entry.bytes += part.length))
    reply.pipe(answer)
    reply.on('error', ({ message }) => {
      entry.error = message
      answer.destroy() // half an answer must not look like a whole one
    })
  })
  onward.on('error', ({ message }) => {
    entry.error = message
    if (!answer.headersSent) answer.writeHead(502).end('no answer from the price service\n')
  })
  call.pipe(onward)
}

http.createServer(handle).listen(7979, '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
