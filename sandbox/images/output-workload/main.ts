/**
 * output-workload: asks its neighbour for a page every INTERVAL_SECONDS (15) and prints the response as Akka HTTP does.
 *
 * A failure is a line on stderr, and it goes on. TARGET_URL (http://localhost:7979/hello) says whom it asks.
 */
import { get, STATUS_CODES, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

const answerWithinMs = 20_000

/** The response as Akka HTTP's `HttpResponse.toString` writes it. */
async function describeResponse(response: IncomingMessage): Promise<string> {
  const body = await buffer(response)
  const status = response.statusCode ?? 0
  const reason = STATUS_CODES[status] ?? response.statusMessage
  const entity = describeEntity(response, body.length)
  return `HttpResponse(${status} ${reason},List(${listHeaders(response)}),${entity},HttpProtocol(HTTP/${response.httpVersion}))`
}

/** All headers in the order in which they came, but for those that Akka keeps in the entity. */
function listHeaders(response: IncomingMessage): string {
  const headers: string[] = []
  for (let at = 0; at < response.rawHeaders.length; at += 2) {
    const [name = '', value] = response.rawHeaders.slice(at, at + 2)
    if (!/^(content-type|content-length|transfer-encoding)$/i.test(name)) headers.push(`${name}: ${value}`)
  }
  return headers.join(', ')
}

function describeEntity(response: IncomingMessage, length: number): string {
  const type = response.headers['content-type'] ?? 'application/octet-stream'
  if (response.headers['transfer-encoding'] !== undefined) return `HttpEntity.Chunked(${type})`
  if (response.headers['content-length'] === undefined) return `HttpEntity.CloseDelimited(${type})`
  return `HttpEntity.Strict(${type},${length} bytes total)`
}

function request(url: URL): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { signal: AbortSignal.timeout(answerWithinMs) }, resolve).on('error', reject)
  })
}

/** In milliseconds; a day is more than any lesson waits. */
function readInterval(text = '15'): number {
  const seconds = /^\d*\.?\d+$/.test(text) ? Number(text) : 0
  if (seconds > 0 && seconds <= 86_400) return seconds * 1000
  return fail(`INTERVAL_SECONDS is "${text}": write seconds from 0.001 to 86400, such as 15 or 0.5`)
}

function readUrl(text = 'http://localhost:7979/hello'): URL {
  if (URL.canParse(text) && new URL(text).protocol === 'http:') return new URL(text)
  return fail(`TARGET_URL is "${text}": write a whole http URL, such as http://localhost:7979/hello`)
}

/** The name localhost is tried as ::1 and as 127.0.0.1, so one failure may hold two. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ')
  return error instanceof Error ? error.message : String(error)
}

function fail(message: string): never {
  process.stderr.write(`output-workload: ${message}\n`)
  process.exit(1)
}

process.on('SIGTERM', () => process.exit(0))
process.on('SIGINT', () => process.exit(0))

const intervalMs = readInterval(process.env.INTERVAL_SECONDS)
const url = readUrl(process.env.TARGET_URL)

for (;;) {
  try {
    process.stdout.write(`${await describeResponse(await request(url))}\n`)
  } catch (error) {
    process.stderr.write(`output-workload: no answer from ${url.href}: ${reasonOf(error)}\n`)
  }
  await sleep(intervalMs)
}
