// Your proxy. It stands at the door of the pod, and passes on what it is asked.
import http from 'node:http'

const app = { host: '127.0.0.1', port: 9000 }

// TODO fail: the app may be away, or silent. Say so, and live on.
http
  .createServer((request, response) => {
    const { method, url } = request
    const onward = http.request({ ...app, method, path: url, headers: inward(request) }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers))
      answer.pipe(response)
    })
    request.pipe(onward)
  })
  .listen(8080)

/** What the app is told: the caller's own words, and who the caller was. */
function inward({ headers, socket }: http.IncomingMessage): http.OutgoingHttpHeaders {
  const [before, caller] = [headers['x-forwarded-for'], socket.remoteAddress?.replace('::ffff:', '')]
  return {
    ...endToEnd(headers),
    // A body without a length needs a mark at its end on your connection too, or the app takes it for the next request.
    ...(headers['transfer-encoding'] && { 'transfer-encoding': 'chunked' }),
    'x-forwarded-for': before ? `${before}, ${caller}` : caller,
  }
}

/** Without what is between two neighbors only, and what Connection names besides: RFC 9110, section 7.6.1. */
function endToEnd(headers: http.IncomingHttpHeaders): http.OutgoingHttpHeaders {
  const named = (headers.connection ?? '').toLowerCase().split(/\s*,\s*/)
  const isHop = (name: string) => HOP_BY_HOP.has(name) || named.includes(name)
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isHop(name)))
}

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

process.on('SIGTERM', () => process.exit(0))
