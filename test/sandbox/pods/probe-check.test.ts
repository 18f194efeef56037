/** Proves each kind of probe against real servers, and the words in which the kubelet tells what is wrong. */
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server, type Http2Server } from 'node:http2'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkProbe, type Probe, type ProbeTarget } from '#sandbox/pods/probe-check.ts'
import { ContainerStartError } from '#sandbox/pods/runtime.ts'
import { createFakeRuntime, type FakeRuntime } from '../../helpers/fake-runtime.ts'
import { createManualClock, type ManualClock } from '../../helpers/manual-clock.ts'

const closing: (() => void)[] = []
let clock: ManualClock
let runtime: FakeRuntime

beforeEach(() => {
  clock = createManualClock()
  runtime = createFakeRuntime(clock)
})

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

describe('an httpGet probe', () => {
  it('succeeds on 200 to 399 and tells the status code of any other', async () => {
    const port = await serveHttp((response, path) => response.writeHead(Number(path.slice(1))).end('body'))
    expect(await ask({ httpGet: { port, path: '/204' } })).toEqual({ is: 'success', output: '' })
    expect(await ask({ httpGet: { port, path: '/500' } })).toEqual({
      is: 'failure',
      output: 'HTTP probe failed with statuscode: 500',
    })
  })

  it('says who asks, and sends the headers of the manifest', async () => {
    let seen: IncomingHttpHeaders = {}
    const port = await serveHttp((response, _path, headers) => {
      seen = headers
      response.end()
    })
    const httpHeaders = [
      { name: 'Host', value: 'shop.example' },
      { name: 'X-Tag', value: 'a' },
      { name: 'x-tag', value: 'b' },
    ]
    await ask({ httpGet: { port: 'web', httpHeaders } }, [{ name: 'web', containerPort: port }])
    expect(seen).toEqual({
      host: 'shop.example',
      'user-agent': 'kube-probe/1.33',
      accept: '*/*',
      connection: 'close',
      'x-tag': 'a, b',
    })
  })

  it('follows a redirect on the same host and takes one to another as a warning', async () => {
    const port = await serveHttp((response, path) => {
      const location = path === '/near' ? '/ok' : 'http://elsewhere.example/'
      if (path === '/ok') response.end('ok')
      else response.writeHead(302, { location }).end('moved')
    })
    expect(await ask({ httpGet: { port, path: '/near' } })).toEqual({ is: 'success', output: 'ok' })
    expect(await ask({ httpGet: { port, path: '/far' } })).toEqual({
      is: 'warning',
      output: 'Probe terminated redirects, Response body: moved',
    })
  })

  it('tells a refused connection in Go’s words', async () => {
    const port = await unusedPort()
    expect(await ask({ httpGet: { port, path: '/healthz' } })).toEqual({
      is: 'failure',
      output: `Get "http://127.0.0.1:${port}/healthz": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    })
  })

  it('fails when no answer comes in time', async () => {
    const asked = Promise.withResolvers<void>()
    const port = await serveHttp(() => asked.resolve())
    const verdict = ask({ httpGet: { port }, timeoutSeconds: 3 })
    await asked.promise
    await clock.advance(3_000)
    expect(await verdict).toEqual({
      is: 'failure',
      output: `Get "http://127.0.0.1:${port}/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    })
  })

  it('fails when an answer begins in time and does not end', async () => {
    const asked = Promise.withResolvers<void>()
    const port = await serveHttp((response) => {
      response.writeHead(200, { 'content-length': 9 }).write('half')
      asked.resolve()
    })
    const verdict = ask({ httpGet: { port } })
    await asked.promise
    await clock.advance(1_000)
    expect(await verdict).toMatchObject({ is: 'failure' })
  })

  it('fails when the server hangs up without an answer', async () => {
    const port = await serveHttp((response) => response.destroy())
    expect(await ask({ httpGet: { port } })).toEqual({
      is: 'failure',
      output: `Get "http://127.0.0.1:${port}/": EOF`,
    })
  })

  it('with a name that no port has counts for nothing', async () => {
    expect(await ask({ httpGet: { port: 'http' } })).toEqual({
      is: 'unknown',
      output: 'strconv.Atoi: parsing "http": invalid syntax',
    })
  })
})

describe('a tcpSocket probe', () => {
  it('succeeds when someone listens', async () => {
    const server = createTcpServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(() => server.close())
    const { port } = server.address() as AddressInfo
    expect(await ask({ tcpSocket: { port } })).toEqual({ is: 'success', output: '' })
  })

  it('fails when nobody does', async () => {
    const port = await unusedPort()
    expect(await ask({ tcpSocket: { port } })).toEqual({
      is: 'failure',
      output: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
    })
  })
})

describe('a grpc probe', () => {
  it('succeeds when the service is SERVING, and tells what it is otherwise', async () => {
    const port = await serveHealth({ '': 1, down: 2 })
    expect(await ask({ grpc: { port } })).toEqual({ is: 'success', output: 'service healthy' })
    expect(await ask({ grpc: { port, service: 'down' } })).toEqual({
      is: 'failure',
      output: 'service unhealthy (responded with "NOT_SERVING")',
    })
  })

  it('tells a status that the server gives', async () => {
    const port = await serveHealth({})
    expect(await ask({ grpc: { port, service: 'nope' } })).toEqual({
      is: 'failure',
      output: 'error: health rpc probe failed: rpc error: code = NotFound desc = unknown service',
    })
  })

  it('tries to connect until its time is over', async () => {
    const port = await unusedPort()
    const verdict = ask({ grpc: { port }, timeoutSeconds: 2 })
    await clock.advance(2_000)
    expect(await verdict).toEqual({
      is: 'failure',
      output: `timeout: failed to connect service "127.0.0.1:${port}" within 2s: context deadline exceeded`,
    })
  })
})

describe('an exec probe', () => {
  it('goes by the exit code and tells the output', async () => {
    await ask({ exec: { command: ['true'] } })
    runtime.onExec = (_name, _argv, { stdout, stderr }) => {
      stdout?.end('out ')
      stderr?.end('err\n')
      return 1
    }
    expect(await ask({ exec: { command: ['false'] } })).toEqual({ is: 'failure', output: 'out err\n' })
    expect(runtime.calls).toEqual(['exec c1: true', 'exec c1: false'])
  })

  it('is killed when its time is over', async () => {
    runtime.onExec = (_name, _argv, { signal }) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(137)))
    const verdict = ask({ exec: { command: ['sleep', '9'] } })
    await clock.advance(1_000)
    expect(await verdict).toEqual({
      is: 'failure',
      output: 'command timed out: "sleep 9" timed out after 1s',
    })
  })

  it('that can’t be run counts for nothing', async () => {
    runtime.onExec = () => {
      throw new ContainerStartError('StartError', 'failed to exec in container: no such file')
    }
    expect(await ask({ exec: { command: ['x'] } })).toEqual({
      is: 'unknown',
      output: 'rpc error: code = Unknown desc = failed to exec in container: no such file',
    })
  })
})

function target(ports: NonNullable<ProbeTarget['container']['ports']> = []): ProbeTarget {
  const container = { name: 'app', ports }
  return { container, containerId: 'c1', podIp: '127.0.0.1', version: 'v1.33.4', runtime, clock }
}

function ask(probe: Probe, ports?: NonNullable<ProbeTarget['container']['ports']>) {
  return checkProbe(probe, target(ports), new AbortController().signal)
}

type Answer = (response: ServerResponse, path: string, headers: IncomingHttpHeaders) => unknown

async function serveHttp(answer: Answer): Promise<number> {
  const server = createServer((request, response) => void answer(response, request.url!, request.headers))
  return await listen(server)
}

async function listen(server: Server | Http2Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.close()
    if ('closeAllConnections' in server) server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

/** A port that was free a moment ago. */
async function unusedPort(): Promise<number> {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The health service of a gRPC server as far as bytes go: number of a status by name of a service. */
async function serveHealth(statuses: Record<string, number>): Promise<number> {
  const server = createHttp2Server()
  server.on('stream', (stream) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      const service = Buffer.concat(chunks).subarray(7).toString()
      const status = statuses[service]
      const head = { ':status': 200, 'content-type': 'application/grpc' }
      if (status === undefined) {
        stream.respond(
          { ...head, 'grpc-status': '5', 'grpc-message': 'unknown%20service' },
          { endStream: true },
        )
        return
      }
      stream.respond(head, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, status]))
    })
  })
  return await listen(server)
}
