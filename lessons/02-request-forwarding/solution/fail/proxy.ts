// Your proxy. It stands at the door of the pod, and passes on what it is asked.
import http from 'node:http'

const app = { host: '127.0.0.1', port: 9000 }
const patienceMs = Number(process.env.PATIENCE_MS ?? 1000)

http
  .createServer((request, response) => {
    const { method, url } = request
    let deadline: NodeJS.Timeout | undefined
    const onward = http.request({ ...app, method, path: url, headers: inward(request) }, (answer) => {
      clearTimeout(deadline)
      response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers))
      answer.pipe(response)
      // An answer that breaks off must not look like one that is complete.
      answer.on('error', () => response.destroy())
    })
    onward.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(deadline)
      if (response.destroyed) return
      const status = error.message === 'TIMEOUT' ? 504 : 502
      console.error(`${method} ${url}: ${status}, ${error.code ?? error.message}`)
      if (response.headersSent) response.destroy()
      else response.writeHead(status, { 'content-type': 'text/plain' }).end(`${http.STATUS_CODES[status]}\n`)
    })
    // The clock starts when all is said: a slow upload is not a slow app.
    request.on('end', () => {
      if (!response.headersSent) deadline = setTimeout(() => onward.destroy(new Error('TIMEOUT')), patienceMs)
    })
    // Nobody waits for this answer any more.
    response.on('close', () => onward.destroy())
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
