/** Proves what the article's four programs print, when they end, and how they refuse a bad setting. */
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { until } from '#sandbox/until.ts'
import { freePort, openRaw, startProgram, waitForPort, type Program } from '#test/helpers/program.ts'

const GET = 'GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n'

describe('the request-forwarding pair', () => {
  it('prints receive a request! and Hello in turn', async () => {
    const PORT = String(await freePort())
    const server = startProgram('input-http-server', { PORT })
    await waitForPort(Number(PORT))
    const sidecar = startProgram('sidecar-input', {
      TARGET_URL: `http://localhost:${PORT}`,
      INTERVAL_SECONDS: '0.05',
    })
    await seeLines(sidecar, 3)
    expect(sidecar.stdout()).toMatch(/^(Hello\n)+$/)
    expect(server.stdout()).toMatch(/^(receive a request!\n){3,}$/)
  })

  it('waits before its first request', async () => {
    const { server, url, requests } = await startRecorder()
    const startedAt = performance.now()
    startProgram('sidecar-input', { TARGET_URL: url, INTERVAL_SECONDS: '0.5' })
    await once(server, 'request')
    expect(performance.now() - startedAt).toBeGreaterThan(490)
    expect(requests).toEqual(['GET /'])
  })

  it('ends with an error when there is no server, so that its container is started again', async () => {
    const port = await freePort()
    const sidecar = startProgram('sidecar-input', {
      TARGET_URL: `http://localhost:${port}`,
      INTERVAL_SECONDS: '0.01',
    })
    expect(await sidecar.exited).toBe(1)
    expect(sidecar.stdout()).toBe('')
    expect(sidecar.stderr()).toMatch(
      new RegExp(
        `^sidecar-input: no answer from http://localhost:${port}/: .*ECONNREFUSED 127.0.0.1:${port}`,
      ),
    )
  })
})

describe('the request-interception pair', () => {
  it('prints receive a request, and the response as Akka prints it', async () => {
    const PORT = String(await freePort())
    const sidecar = startProgram('sidecar-output', { PORT })
    await waitForPort(Number(PORT))
    const workload = startProgram('output-workload', {
      TARGET_URL: `http://localhost:${PORT}/hello`,
      INTERVAL_SECONDS: '0.05',
    })
    await seeLines(workload, 2)
    expect(workload.stdout().split('\n')[0]).toMatch(
      /^HttpResponse\(200 OK,List\(Server: akka-http\/10\.2\.9, Date: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\),HttpEntity\.Strict\(text\/html; charset=UTF-8,31 bytes total\),HttpProtocol\(HTTP\/1\.1\)\)$/,
    )
    expect(sidecar.stdout()).toMatch(/^(receive a request\n){2,}$/)
  })

  it.each([
    [
      'no headers of interest',
      'HTTP/1.1 404 Not here\r\nContent-Length: 2\r\n\r\nno',
      'HttpResponse(404 Not Found,List(),HttpEntity.Strict(application/octet-stream,2 bytes total),HttpProtocol(HTTP/1.1))',
    ],
    [
      'headers of others, in their order and case',
      'HTTP/1.1 200 OK\r\nx-via: me\r\nContent-Type: text/plain\r\nServer: s\r\nX-Via: you\r\nContent-Length: 0\r\n\r\n',
      'HttpResponse(200 OK,List(x-via: me, Server: s, X-Via: you),HttpEntity.Strict(text/plain,0 bytes total),HttpProtocol(HTTP/1.1))',
    ],
    [
      'chunks',
      'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
      'HttpResponse(200 OK,List(),HttpEntity.Chunked(text/plain),HttpProtocol(HTTP/1.1))',
    ],
    [
      'a body that ends with the connection',
      'HTTP/1.0 299 Odd\r\nContent-Type: text/plain\r\n\r\nabc',
      'HttpResponse(299 Odd,List(),HttpEntity.CloseDelimited(text/plain),HttpProtocol(HTTP/1.0))',
    ],
  ])('prints a response with %s', async (_, response, line) => {
    const { server, url } = await startRecorder()
    server.on('connection', (socket) => socket.end(response))
    const workload = startProgram('output-workload', { TARGET_URL: url, INTERVAL_SECONDS: '60' })
    await seeLines(workload, 1)
    expect(workload.stdout()).toBe(`${line}\n`)
  })

  it('prints an error when there is no server, and goes on', async () => {
    const PORT = String(await freePort())
    const workload = startProgram('output-workload', {
      TARGET_URL: `http://localhost:${PORT}/hello`,
      INTERVAL_SECONDS: '0.05',
    })
    await until(() => workload.stderr().split('\n').length > 2, { timeoutMs: 10_000 })
    expect(workload.stderr()).toMatch(
      new RegExp(`^output-workload: no answer from http://localhost:${PORT}/hello: .*ECONNREFUSED`),
    )
    startProgram('sidecar-output', { PORT })
    await seeLines(workload, 1)
    expect(workload.stdout()).toContain('HttpResponse(200 OK,')
  })
})

describe('a bad setting', () => {
  it.each([
    ['sidecar-input', { INTERVAL_SECONDS: 'soon' }],
    ['sidecar-input', { INTERVAL_SECONDS: '' }],
    ['output-workload', { INTERVAL_SECONDS: '0' }],
    ['output-workload', { INTERVAL_SECONDS: '-1' }],
    ['output-workload', { INTERVAL_SECONDS: '1e9' }],
  ])('of %s %o is refused by its name and value', async (image, env) => {
    const program = startProgram(image, env)
    expect(await program.exited).toBe(1)
    expect(program.stderr()).toBe(
      `${image}: INTERVAL_SECONDS is "${env.INTERVAL_SECONDS}": write seconds from 0.001 to 86400, such as 15 or 0.5\n`,
    )
  })

  it.each([
    ['sidecar-input', 'localhost', 'write a whole URL, such as http://localhost:7878'],
    ['output-workload', '/hello', 'write a whole http URL, such as http://localhost:7979/hello'],
  ])('of %s, TARGET_URL=%s, is refused by its name and value', async (image, value, advice) => {
    const program = startProgram(image, { TARGET_URL: value })
    expect(await program.exited).toBe(1)
    expect(program.stderr()).toBe(`${image}: TARGET_URL is "${value}": ${advice}\n`)
  })

  it.each([
    ['input-http-server', 'http'],
    ['sidecar-output', '65536'],
  ])('of %s, PORT=%s, is refused by its name and value', async (image, value) => {
    const program = startProgram(image, { PORT: value })
    expect(await program.exited).toBe(1)
    expect(program.stderr()).toMatch(`${image}: PORT is "${value}", which is no port: write a number from 0`)
  })

  it.each(['input-http-server', 'sidecar-output'])('of %s: a port in use is named', async (image) => {
    const { server } = await startRecorder()
    const { port } = server.address() as AddressInfo
    const program = startProgram(image, { PORT: String(port) })
    expect(await program.exited).toBe(1)
    expect(program.stderr()).toContain(`${image}: can't listen on 127.0.0.1:${port}: `)
    expect(program.stderr()).toContain('EADDRINUSE')
  })
})

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it.each(['input-http-server', 'sidecar-output'])(
    'ends %s with 0 within 100 ms while connections are open',
    async (image) => {
      const tookMs = await quickestEnd(signal, async () => {
        const port = await freePort()
        const program = startProgram(image, { PORT: String(port) })
        await waitForPort(port)
        for (const bytes of [GET, GET, 'GET /half']) {
          const { socket, received } = await openRaw(port)
          socket.write(bytes)
          if (bytes === GET) await until(() => received() !== '', { timeoutMs: 5_000 })
        }
        return program
      })
      expect(tookMs).toBeLessThan(100)
    },
  )

  it('ends sidecar-input with 0 within 100 ms while it waits', async () => {
    const tookMs = await quickestEnd(signal, async () => {
      const { server, url } = await startRecorder()
      // After a quick first request nothing tells that it waits; while the server is silent, it waits for an answer.
      const program = startProgram('sidecar-input', { TARGET_URL: url, INTERVAL_SECONDS: '0.01' })
      await once(server, 'request')
      return program
    })
    expect(tookMs).toBeLessThan(100)
  })

  it('ends output-workload with 0 within 100 ms while it waits', async () => {
    const tookMs = await quickestEnd(signal, async () => {
      const program = startProgram('output-workload', { TARGET_URL: `http://127.0.0.1:${await freePort()}` })
      await until(() => program.stderr() !== '', { timeoutMs: 10_000 })
      return program
    })
    expect(tookMs).toBeLessThan(100)
  })
})

/** Milliseconds from the signal to exit 0, the fastest of three: a busy machine can delay one, and then says nothing about the program. */
async function quickestEnd(signal: NodeJS.Signals, start: () => Promise<Program>): Promise<number> {
  const tookMs: number[] = []
  for (let attempt = 0; attempt < 3; attempt++) {
    const program = await start()
    const startedAt = performance.now()
    program.process.kill(signal)
    const exit = await program.exited
    if (exit !== 0) throw new Error(`ended with ${exit}: ${program.stderr()}`)
    tookMs.push(performance.now() - startedAt)
  }
  return Math.min(...tookMs)
}

async function seeLines(program: Program, count: number): Promise<void> {
  const seen = await until(() => program.stdout().split('\n').length > count, { timeoutMs: 10_000 })
  if (!seen) throw new Error(`fewer than ${count} lines: ${program.stdout()}${program.stderr()}`)
}

/** A server that notes each request and answers none, unless the test makes it. */
async function startRecorder(): Promise<{ server: Server; url: string; requests: string[] }> {
  const requests: string[] = []
  const server = createServer((request) => requests.push(`${request.method} ${request.url}`))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { server, url: `http://127.0.0.1:${port}`, requests }
}
