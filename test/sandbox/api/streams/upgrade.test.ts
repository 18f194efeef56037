/** Proves how upgrades are refused, and that nothing a client sends after one breaks the API server. */
import { type IncomingMessage, type Server, createServer, request } from 'node:http'
import { type AddressInfo, type Socket, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { ExecOptions } from '#sandbox/api/node.ts'
import { PODS } from '#sandbox/client.ts'
import type { Status } from '#sandbox/objects.ts'
import { until } from '#sandbox/until.ts'
import { type TestApi, createTestApi, podManifest } from '../../../helpers/test-api.ts'

const POD = '/api/v1/namespaces/default/pods/web'
const EXEC = `${POD}/exec?command=cat&stdin=true&stdout=true&stderr=true`
const STATUS = 3

let test: TestApi
let server: Server
let port: number
let sockets: Set<Socket>
let execs: ExecOptions[]

beforeEach(async () => {
  execs = []
  sockets = new Set()
  test = await createTestApi({
    node: {
      // A cat that ends with its input.
      exec(_pod, options) {
        execs.push(options)
        const { stdin, stdout } = options
        const ended = new Promise<void>((resolve) => stdin!.once('end', resolve))
        stdin!.pipe(stdout!)
        return Promise.resolve({ exitCode: ended.then(() => 0), resize: () => undefined })
      },
      forward: () => Promise.resolve(connect(port, '127.0.0.1')),
    },
  })
  await test.client.create(PODS, podManifest('web'))
  server = createServer((_request, response) => response.end('plain'))
  server.on('connection', (socket) => sockets.add(socket))
  server.on('upgrade', (incoming, socket, head) => {
    socket.on('error', () => socket.destroy())
    void test.api.upgrade(incoming, socket, head)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})

afterEach(() => {
  for (const socket of sockets) socket.destroy()
  server.close()
})

describe('an upgrade', () => {
  const webSocket = { 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' }
  const over = {
    webSocket: (protocol: string) => ({
      upgrade: 'websocket',
      ...webSocket,
      'sec-websocket-protocol': protocol,
    }),
    spdy: (protocol: string) => ({ upgrade: 'SPDY/3.1', 'x-stream-protocol-version': protocol }),
  }

  it.each([
    [
      'of a pod that is not there',
      EXEC.replace('web', 'no'),
      over.webSocket('v5.channel.k8s.io'),
      404,
      'pods "no" not found',
    ],
    [
      'of what is no stream',
      '/api/v1/namespaces/default/pods/web/log',
      over.spdy('v4.channel.k8s.io'),
      400,
      'upgrades pods/exec',
    ],
    ['of nothing at all', '/', over.spdy('v4.channel.k8s.io'), 400, 'upgrades pods/exec'],
    ['to another protocol', EXEC, { upgrade: 'h2c' }, 400, 'unable to upgrade to h2c'],
    ['without a command', `${POD}/exec`, over.spdy('v4.channel.k8s.io'), 400, 'at least one command'],
    [
      'of a container that is not there',
      `${EXEC}&container=no`,
      over.spdy('v4.channel.k8s.io'),
      400,
      'container no is not valid',
    ],
    [
      'to a WebSocket of unknown kind',
      EXEC,
      over.webSocket('v9.channel.k8s.io'),
      403,
      'none of these subprotocols',
    ],
    [
      'to SPDY of unknown kind',
      EXEC,
      over.spdy('v9.channel.k8s.io'),
      403,
      'client supports [v9.channel.k8s.io]',
    ],
    [
      'to ports that are none',
      `${POD}/portforward?ports=80,x`,
      over.webSocket('v4.channel.k8s.io'),
      400,
      'from 1 to 65535',
    ],
  ])('%s is refused with a Status', async (_what, path, headers, code, message) => {
    const status = await refused(path, headers)
    expect(status).toMatchObject({ kind: 'Status', code })
    expect(status.message).toContain(message)
  })

  it('to a WebSocket without a key is refused', async () => {
    const headers = { upgrade: 'websocket', 'sec-websocket-protocol': 'v5.channel.k8s.io' }
    const incoming = await new Promise<IncomingMessage>((resolve) =>
      ask(EXEC, headers).once('response', resolve),
    )
    expect(incoming.statusCode).toBe(400)
  })

  async function refused(path: string, headers: Record<string, string>): Promise<Status> {
    const incoming = await new Promise<IncomingMessage>((resolve) =>
      ask(path, headers).once('response', resolve),
    )
    return JSON.parse(await text(incoming)) as Status
  }

  function ask(path: string, headers: Record<string, string>) {
    return request({ port, path, headers: { connection: 'Upgrade', ...headers } }).end()
  }
})

it('without an upgrade, a stream says what it needs', async () => {
  for (const stream of ['exec', 'attach', 'portforward']) {
    const { code, body } = await test.call('POST', `${POD}/${stream}`)
    expect([code, body.message]).toEqual([400, 'Upgrade request required'])
  }
})

describe('an exec over WebSocket', () => {
  it('passes over messages that mean nothing', async () => {
    const socket = await openExec()
    const odd = [
      '',
      '\u0000',
      '\u0001x',
      '\u0004',
      '\u0004{"Width":-1,"Height":"x"}',
      '\u0004[]',
      '\u00ff',
      '\u00ff\u0007',
      'zzz',
    ]
    for (const message of odd) socket.send(Buffer.from(message, 'latin1'))
    socket.send(Buffer.from('\u0000hello'))
    socket.send(Buffer.from([255, 0]))
    const messages = await collect(socket)
    expect(
      messages
        .filter((one) => one[0] === 1)
        .map((one) => one.subarray(1).toString())
        .join(''),
    ).toBe('hello')
    expect(
      JSON.parse(
        messages
          .find((one) => one[0] === STATUS)!
          .subarray(1)
          .toString(),
      ),
    ).toMatchObject({ status: 'Success' })
  })

  it('whose client leaves ends the command', async () => {
    const socket = await openExec()
    expect(await until(() => execs.length === 1, { timeoutMs: 5_000 })).toBe(true)
    socket.terminate()
    expect(await until(() => execs[0]!.signal.aborted, { timeoutMs: 5_000 })).toBe(true)
  })

  async function openExec(): Promise<WebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${EXEC}`, ['v5.channel.k8s.io'])
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    return socket
  }

  async function collect(socket: WebSocket): Promise<Buffer[]> {
    const messages: Buffer[] = []
    socket.on('message', (message: Buffer) => messages.push(message))
    await new Promise((resolve) => socket.once('close', resolve))
    return messages
  }
})

it('a port-forward over the older WebSocket protocol passes over channels that are not there', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${POD}/portforward?ports=80`, ['v4.channel.k8s.io'])
  let said = ''
  socket.on('message', (message: Buffer) => {
    if (message[0] === 0) said += message.subarray(1).toString('latin1')
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  for (const bytes of [[], [1, 65], [2, 65], [255]]) socket.send(Buffer.from(bytes))
  socket.send(Buffer.from('\u0000GET / HTTP/1.0\r\n\r\n'))
  expect(await until(() => said.endsWith('plain'), { timeoutMs: 5_000 })).toBe(true)
  expect(said.slice(0, 2)).toBe('\u0050\u0000')
  socket.close()
})

it('whatever comes after an upgrade, the API server serves the next', async () => {
  const paths = [EXEC, `${POD}/portforward`]
  const rounds = Array.from({ length: 60 }, (_, round) => round)
  await Promise.all(
    rounds.map(async (round) => {
      const path = paths[round % 2]!
      const socket = connect(port, '127.0.0.1')
      const protocol = path === EXEC ? 'v4.channel.k8s.io' : 'portforward.k8s.io'
      const isSpdy = round % 4 < 2
      const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
      const lines = isSpdy
        ? `Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n`
        : `Upgrade: websocket\r\n${key}Sec-WebSocket-Protocol: ${path === EXEC ? protocol : `SPDY/3.1+${protocol}`}\r\n`
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n${lines}\r\n`)
      socket.end(
        Buffer.from(Array.from({ length: 200 }, (_, at) => (at * 31 + round * 7 + (at >> 3) * round) % 256)),
      )
      expect(await text(socket)).toMatch(/^HTTP\/1.1 101 /)
    }),
  )
  expect((await test.call('GET', POD)).code).toBe(200)
})
