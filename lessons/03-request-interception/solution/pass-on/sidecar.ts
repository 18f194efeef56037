// Passes each call of the app on to the price service, and the answer back, as they come.
import http from 'node:http'

const upstream = new URL(process.env.UPSTREAM_URL ?? 'http://prices')

/** The headers that are meant for the other end; these two are between two neighbors only. */
function endToEnd(headers: http.IncomingHttpHeaders): http.OutgoingHttpHeaders {
  const { connection: _connection, 'keep-alive': _keepAlive, ...rest } = headers
  return rest
}

function handle(call: http.IncomingMessage, answer: http.ServerResponse): void {
  const headers = { ...endToEnd(call.headers), host: upstream.host }
  const onward = http.request(upstream, { method: call.method, path: call.url, headers })
  onward.on('response', (reply) => {
    console.log(`${call.method} ${call.url} ${reply.statusCode}`)
    answer.writeHead(reply.statusCode!, endToEnd(reply.headers))
    reply.pipe(answer)
    reply.on('error', () => answer.destroy()) // half an answer must not look like a whole one
  })
  onward.on('error', ({ message }) => {
    console.log(`${call.method} ${call.url} ${message}`)
    if (!answer.headersSent) answer.writeHead(502).end('no answer from the price service\n')
  })
  call.pipe(onward)
}

http.createServer(handle).listen(7979, '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
