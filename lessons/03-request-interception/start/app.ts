// The kiosk's app. It makes the call that it is asked to make, to PRICES_URL, and answers what it gets. Leave it as it is.
import http from 'node:http'

const prices = process.env.PRICES_URL ?? 'http://localhost:7979'
/** What a well-behaved app carries on from the call it got to the calls it makes. */
const carried = ['content-type', 'content-length', 'transfer-encoding', 'x-request-id', 'traceparent']

function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  const { method, url = '/' } = request
  const what = `${method} ${prices}${url}`
  const headers: http.OutgoingHttpHeaders = { 'x-customer': request.headers['x-customer'] ?? 'walk-in' }
  for (const name of carried) if (request.headers[name]) headers[name] = request.headers[name]
  const fail = ({ message, code }: NodeJS.ErrnoException) => {
    console.log(`${what}: no answer, ${message || code}`)
    if (response.headersSent) response.destroy()
    else response.writeHead(500).end('the kiosk has no prices\n')
  }
  const call = http.request(prices + url, { method, headers }, (reply) => {
    const status = reply.statusCode!
    let bytes = 0
    response.writeHead(status, reply.headers)
    reply.on('data', (part: Buffer) => {
      if (bytes === 0) console.log(`${what}: ${status}, the answer begins`)
      bytes += part.length
    })
    reply.on('end', () => console.log(`${what}: ${status}, ${bytes} bytes`))
    reply.on('error', fail)
    reply.pipe(response)
  })
  call.on('error', fail)
  request.pipe(call)
}

http.createServer(answer).listen(8080)
process.on('SIGTERM', () => process.exit(0))
