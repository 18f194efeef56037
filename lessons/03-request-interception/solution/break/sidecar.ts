// Passes each call of the app on to the price service, with an id and the token; repeats what may be repeated; logs it all.
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const upstream = new URL(process.env.UPSTREAM_URL ?? 'http://prices')
const tokenFile = process.env.TOKEN_FILE ?? '/token/token'
/** For all tries of one call together, until its answer begins. */
const deadlineMs = 2000

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
  tries: number
  error?: string
}

/** Whether a call may be made twice: it asks for nothing to be changed, and has no body that is gone after one try. */
function isRepeatable({ method = '', headers }: http.IncomingMessage): boolean {
  const hasBody = headers['content-length'] ?? headers['transfer-encoding']
  return ['GET', 'HEAD'].includes(method) && !hasBody
}

/** One try, up to the beginning of the answer. */
function send(call: http.IncomingMessage, headers: http.OutgoingHttpHeaders, signal: AbortSignal) {
  return new Promise<http.IncomingMessage>((resolve, reject) => {
    const onward = http.request(upstream, { method: call.method, path: call.url, headers, signal }, resolve)
    onward.on('error', reject)
    if (isRepeatable(call)) onward.end()
    else call.pipe(onward)
  })
}

/** The answer of the first try that succeeds, or of the last one; throws what the last one threw. */
async function ask(call: http.IncomingMessage, entry: Entry, signal: AbortSignal) {
  const headers = onwardHeaders(call, entry.requestId)
  const maxTries = isRepeatable(call) ? 3 : 1
  for (;;) {
    entry.tries++
    try {
      const reply = await send(call, headers, signal)
      if (reply.statusCode !== 503 || entry.tries >= maxTries) return reply
      reply.resume()
    } catch (error) {
      if (signal.aborted || entry.tries >= maxTries) throw error
    }
    // A random pause: those who failed together must not come back together.
    await sleep(Math.random() * 100 * entry.tries, undefined, { signal })
  }
}

async function handle(call: http.IncomingMessage, answer: http.ServerResponse): Promise<void> {
  const given = call.headers['x-request-id']
  const entry: Entry = { requestId: given ? String(given) : randomUUID(), bytes: 0, tries: 0 }
  logAtTheEnd(call, answer, entry)
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), deadlineMs)
  try {
    const reply = await ask(call, entry, deadline.signal)
    clearTimeout(timer)
    answer.writeHead(reply.statusCode!, endToEnd(reply.headers))
    reply.on('data', (part: Buffer) => (entry.bytes += part.length))
    await pipeline(reply, answer)
  } catch (error) {
    const isLate = deadline.signal.aborted
    entry.error = isLate ? `no answer within ${deadlineMs} ms` : (error as Error).message
    // Half an answer must not look like a whole one.
    if (answer.headersSent) answer.destroy()
    else answer.writeHead(isLate ? 504 : 502).end('no answer from the price service\n')
  } finally {
    clearTimeout(timer)
  }
}

http.createServer((call, answer) => void handle(call, answer)).listen(7979, '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
