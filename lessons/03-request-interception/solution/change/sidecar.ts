// Passes each call of the app on to the price service, under an id and with the token, and logs how it went.
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'

const upstream = new URL(process.env.UPSTREAM_URL ?? 'http://prices')
const tokenFile = process.env.TOKEN_FILE ?? '/token/token'

/** The headers that are meant for the other end; these two are between two neighbors only. */
function endToEnd(headers: http.IncomingHttpHeaders): http.OutgoingHttpHeaders {
  const { connection: _connection, 'keep-alive': _keepAlive, ...rest } = headers
  return rest
}

/** The app's headers, without those that stay here, and with the token that it does not know. */
function onwardHeaders(call: http.IncomingMessage, requestId: string): http.OutgoingHttpHeaders {
  const { 'x-customer': _customer, ...headers } = endToEnd(call.headers)
  const token = fs.readFileSync(tokenFile, 'utf8').trim() // each time: it may have changed
  return { ...headers, host: upstream.host, 'x-request-id': requestId, authorization: `Bearer ${token}` }
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

  const headers = onwardHeaders(call, entry.requestId)
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
