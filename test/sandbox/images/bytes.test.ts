/** Proves the exact bytes of the two servers over raw sockets: seed/FACTS.md and Akka HTTP 10.2.9's renderer. */
import { describe, expect, it } from 'vitest'
import { until } from '#sandbox/until.ts'
import {
  exchange,
  freePort,
  openRaw,
  startProgram,
  waitForPort,
  type Program,
} from '#test/helpers/program.ts'

const HELLO = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello'
const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

describe('input-http-server', () => {
  it.each([
    ['a GET', GET],
    ['another path', 'GET /any/where?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['a POST with a body', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc'],
    ['a body that reads like a request', `POST / HTTP/1.1\r\nContent-Length: ${GET.length}\r\n\r\n${GET}`],
    ['a chunked body', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
    ['a HEAD', 'HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['a CONNECT', 'CONNECT localhost:1 HTTP/1.1\r\n\r\n'],
    ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n'],
    ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['Connection: close', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['lines that end in LF alone', 'GET / HTTP/1.1\nHost: localhost\n\n'],
    ['a bad Content-Length', 'POST / HTTP/1.1\r\nContent-Length: -9e99\r\n\r\n'],
    ['no HTTP at all', 'hello there\r\n\r\n'],
    ['a blank line', '\r\n\r\n'],
    ['bytes that are no text', '\0\xff\xfe\x80'],
    ['half a request', 'GET / HT'],
    ['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['a head of 100 kB', `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}`],
  ])('answers %s with the same 43 bytes, once, and logs it once', async (_, bytes) => {
    const { port, program } = await startServer('input-http-server')
    expect(await exchange(port, bytes)).toBe(HELLO)
    expect(program.stdout()).toBe('receive a request!\n')
  })

  it('keeps the connection open for the next request', async () => {
    const { port, program } = await startServer('input-http-server')
    const { socket, received } = await openRaw(port)
    for (const count of [1, 2, 3]) {
      socket.write(GET)
      await until(() => received().length >= count * HELLO.length, { timeoutMs: 5_000 })
      expect(received()).toBe(HELLO.repeat(count))
    }
    expect(program.stdout()).toBe('receive a request!\n'.repeat(3))
  })

  it('answers requests that come in one piece each by itself', async () => {
    const { port, program } = await startServer('input-http-server')
    expect(await exchange(port, GET.repeat(1000))).toBe(HELLO.repeat(1000))
    expect(program.stdout()).toBe('receive a request!\n'.repeat(1000))
  })

  it('answers a request that comes byte by byte once', async () => {
    const { port, program } = await startServer('input-http-server')
    const { socket, received, ended } = await openRaw(port)
    const request = 'POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody'
    for (const byte of request + request) {
      socket.write(byte)
      await new Promise((resolve) => setImmediate(resolve))
    }
    socket.end()
    await ended
    expect(received()).toBe(HELLO.repeat(2))
    expect(program.stdout()).toBe('receive a request!\n'.repeat(2))
  })

  it('answers an unfinished request when its sender pauses, and closes', async () => {
    const { port, program } = await startServer('input-http-server')
    const { socket, received, ended } = await openRaw(port)
    socket.write('garbage')
    await ended
    expect(received()).toBe(HELLO)
    expect(program.stdout()).toBe('receive a request!\n')
  })

  it('says nothing to a connection that says nothing', async () => {
    const { port, program } = await startServer('input-http-server')
    expect(await exchange(port, '')).toBe('')
    expect(program.stdout()).toBe('')
  })

  it('outlives clients that reset, and those that ask without reading', async () => {
    const { port } = await startServer('input-http-server')
    for (const bytes of ['', 'GET', GET, GET.repeat(10_000)]) {
      const { socket } = await openRaw(port)
      socket.pause()
      if (bytes) await new Promise((resolve) => socket.write(bytes, resolve))
      socket.resetAndDestroy()
    }
    expect(await exchange(port, GET)).toBe(HELLO)
  })
})

describe('sidecar-output', () => {
  const DATE = 'Date: [A-Z][a-z]{2}, \\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT'
  const PAGE = '<h1>Say hello to akka-http</h1>'
  const NOT_FOUND = 'The requested resource could not be found.'
  const NOT_ALLOWED = 'HTTP method not allowed, supported methods: GET'

  function answer(
    status: string,
    type: string,
    body: string,
    options: { first?: string; head?: boolean } = {},
  ) {
    const lines = [
      `HTTP/1.1 ${status}`,
      ...(options.first ? [options.first] : []),
      'Server: akka-http/10.2.9',
      DATE,
      'Connection: close',
      `Content-Type: ${type}; charset=UTF-8`,
      `Content-Length: ${body.length}`,
    ]
    return new RegExp(`^${lines.join('\r\n')}\r\n\r\n${options.head ? '' : body}$`)
  }

  it.each([
    ['GET /hello', answer('200 OK', 'text/html', PAGE), 1],
    ['GET /hello?name=you', answer('200 OK', 'text/html', PAGE), 1],
    ['GET /%68ello', answer('200 OK', 'text/html', PAGE), 1],
    ['GET /', answer('404 Not Found', 'text/plain', NOT_FOUND), 0],
    ['GET /hello/', answer('404 Not Found', 'text/plain', NOT_FOUND), 0],
    ['POST /other', answer('404 Not Found', 'text/plain', NOT_FOUND), 0],
    ['GET /%', answer('404 Not Found', 'text/plain', NOT_FOUND), 0],
    ['POST /hello', answer('405 Method Not Allowed', 'text/plain', NOT_ALLOWED, { first: 'Allow: GET' }), 0],
    [
      'DELETE /hello',
      answer('405 Method Not Allowed', 'text/plain', NOT_ALLOWED, { first: 'Allow: GET' }),
      0,
    ],
    [
      'HEAD /hello',
      answer('405 Method Not Allowed', 'text/plain', NOT_ALLOWED, { first: 'Allow: GET', head: true }),
      0,
    ],
  ])('answers %s in the bytes of Akka HTTP', async (line, expected, logged) => {
    const { port, program } = await startServer('sidecar-output')
    const request = `${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`
    expect(await exchange(port, request)).toMatch(expected)
    expect(program.stdout()).toBe('receive a request\n'.repeat(logged))
  })

  it('says nothing about a connection that stays open', async () => {
    const { port } = await startServer('sidecar-output')
    const { socket, received } = await openRaw(port)
    socket.write('GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await until(() => received().endsWith(PAGE), { timeoutMs: 5_000 })
    const first = received()
    const head = new RegExp(
      `^HTTP/1.1 200 OK\r\nServer: akka-http/10.2.9\r\n${DATE}\r\n` +
        `Content-Type: text/html; charset=UTF-8\r\nContent-Length: 31\r\n\r\n${PAGE}$`,
    )
    expect(first).toMatch(head)
    socket.write('GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await until(() => received().length >= 2 * first.length, { timeoutMs: 5_000 })
    expect(received().slice(first.length)).toMatch(head)
  })
})

async function startServer(image: string): Promise<{ port: number; program: Program }> {
  const port = await freePort()
  const program = startProgram(image, { PORT: String(port) })
  await waitForPort(port)
  return { port, program }
}
