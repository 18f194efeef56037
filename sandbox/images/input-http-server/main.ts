/**
 * input-http-server: answers every request with Hello, whatever it says, and writes one line for each.
 *
 * HOST (127.0.0.1) and PORT (7878) say where it listens.
 */
import { createServer, type Socket } from 'node:net'

// On node:net, because node:http would add headers to these bytes, and refuse malformed requests.
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello'
const logLine = 'receive a request!\n'

// A request normally ends with its blank line. What has no such end is answered when its sender pauses.
const pauseMs = 500
const maxHeadLength = 16_384

interface RequestEnd {
  /** Characters up to and with the blank line. */
  headLength: number
  /** Bytes that follow and belong to the request. */
  bodyLength: number
  /** The next request can't be told from the rest of this one, or the client wants no next one. */
  isLast: boolean
}

function findRequestEnd(text: string): RequestEnd | undefined {
  const blankLine = /\r?\n\r?\n/.exec(text)
  if (!blankLine) {
    return text.length > maxHeadLength ? { headLength: text.length, bodyLength: 0, isLast: true } : undefined
  }
  const headLength = blankLine.index + blankLine[0].length
  const head = text.slice(0, headLength)
  const bodyLength = Number(/^content-length:[ \t]*(.*?)[ \t]*$/im.exec(head)?.[1] ?? 0)
  const isLast =
    // To HEAD and CONNECT this answer is a wrong one, so the client may misread what would follow it.
    !/^(?!HEAD |CONNECT )[A-Z]+ \S+ HTTP\/1\.1\r?\n/.test(head) ||
    /^(transfer-encoding|expect):|^connection:.*\bclose\b/im.test(head) ||
    !(Number.isSafeInteger(bodyLength) && bodyLength >= 0)
  return { headLength, bodyLength, isLast }
}

function serve(socket: Socket): void {
  let unread = ''
  let bodyLeft = 0
  let isClosing = false

  function reply(count: number, isLast: boolean): void {
    process.stdout.write(logLine.repeat(count))
    isClosing = isLast
    if (isLast) {
      socket.end(answer.repeat(count))
    } else if (!socket.write(answer.repeat(count))) {
      // A client that asks without reading the answers waits; its answers don't pile up here.
      socket.pause()
      socket.once('drain', () => socket.resume())
    }
  }

  socket.setEncoding('latin1') // one character for each byte
  socket.setTimeout(pauseMs)
  socket.on('data', (text: string) => {
    if (isClosing) return
    unread += text
    let count = 0
    let isLast = false
    while (!isLast) {
      const skipped = Math.min(bodyLeft, unread.length)
      bodyLeft -= skipped
      unread = unread.slice(skipped)
      const end = findRequestEnd(unread)
      if (!end) break
      unread = unread.slice(end.headLength)
      bodyLeft = end.bodyLength
      isLast = end.isLast
      count += 1
    }
    if (count > 0) reply(count, isLast)
  })
  socket.on('timeout', () => {
    // After the last answer the client's rest is read for a while: closing at once would reset the connection.
    if (isClosing) socket.destroy()
    else if (unread !== '') reply(1, true)
  })
  socket.on('end', () => {
    if (isClosing) return
    if (unread !== '') reply(1, true)
    else socket.end()
  })
  // A client may go away at any moment; that ends its own connection and nothing else.
  socket.on('error', () => socket.destroy())
}

function fail(message: string): never {
  process.stderr.write(`input-http-server: ${message}\n`)
  process.exit(1)
}

process.on('SIGTERM', () => process.exit(0))
process.on('SIGINT', () => process.exit(0))

const host = process.env.HOST ?? '127.0.0.1'
const port = process.env.PORT ?? '7878'
if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
  fail(`PORT is "${port}", which is no port: write a number from 0 to 65535, such as 7878`)
}

createServer({ allowHalfOpen: true, noDelay: true }, serve)
  .on('error', (error) => fail(`can't listen on ${host}:${port}: ${error.message}`))
  .listen(Number(port), host)
