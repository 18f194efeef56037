/** pods/exec over WebSocket: https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/4006-transition-spdy-to-websockets */
import type { IncomingMessage } from 'node:http'
import { type Duplex, PassThrough, Writable } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import type { Pod, Status } from '../../objects.ts'
import type { ExecSession } from '../node.ts'
import type { ApiContext, Subresource } from '../resource.ts'
import { parseRoute } from '../route.ts'
import { StatusError, badRequest, statusOf } from '../status.ts'
import { findObject } from '../verbs/read.ts'
import { chooseContainer } from './containers.ts'

/** First byte of every message. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const

/** Oldest first: v5 adds the message that closes standard input. */
const PROTOCOLS = ['v4.channel.k8s.io', 'v5.channel.k8s.io']

/** A writer waits while this many bytes are still on their way to the client. */
const MAX_BUFFERED_BYTES = 1024 * 1024

/** What is left for plain requests: whoever speaks no WebSocket is told so. */
export const exec: Subresource = {
  verbs: ['create', 'get'],
  kind: 'PodExecOptions',
  handle() {
    throw badRequest(
      'Upgrade request required: the embedded cluster serves exec over WebSocket, as kubectl 1.30 and newer asks',
    )
  },
}

/** Answers an upgrade: refuses it as a Status, or runs the command over the socket until it ends. Never throws. */
export async function upgradeToExec(
  api: ApiContext,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  try {
    const url = new URL(`http://cluster${request.url}`)
    const route = parseRoute(url, api.resources)
    if (route?.resource.plural !== 'pods' || route.subresource !== 'exec') {
      throw badRequest(`the embedded cluster upgrades pods/exec only, not ${url.pathname}`)
    }
    const pod = findObject(api, route) as Pod
    const container = chooseContainer(pod, route.query.get('container'))
    const command = route.query.getAll('command')
    if (command.length === 0) throw badRequest('you must specify at least one command for the container')
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      throw badRequest(`unable to upgrade to ${request.headers.upgrade}: exec is served over WebSocket`)
    }
    const webSocket = await accept(request, socket, head)
    await run(api, webSocket, pod, { container, command, query: route.query })
  } catch (error) {
    refuse(socket, statusOf(error))
  }
}

async function accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<WebSocket> {
  const { WebSocketServer } = await import('ws')
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  const chosen = PROTOCOLS.toReversed().find((protocol) => offered.includes(protocol))
  if (!chosen) {
    throw new StatusError(
      403,
      'Forbidden',
      `none of these subprotocols is served: ${offered.join(', ')}; choose v5.channel.k8s.io`,
    )
  }
  const server = new WebSocketServer({ noServer: true, handleProtocols: () => chosen })
  return await new Promise((resolve) => server.handleUpgrade(request, socket, head, resolve))
}

async function run(
  api: ApiContext,
  webSocket: WebSocket,
  pod: Pod,
  options: { container: string; command: string[]; query: URLSearchParams },
): Promise<void> {
  const { container, command, query } = options
  const wants = (name: string) => query.get(name) === 'true' || query.get(name) === '1'
  const tty = wants('tty')
  const aborter = new AbortController()
  const stdin = wants('stdin') ? new PassThrough() : undefined
  const resizes: [number, number][] = []
  let session: ExecSession | undefined
  webSocket.on('error', () => aborter.abort())
  webSocket.on('close', () => {
    aborter.abort()
    stdin?.end()
  })
  // Messages may come before the process is there.
  webSocket.on('message', (data) => {
    const bytes = bytesOf(data)
    if (bytes[0] === CHANNEL.stdin && stdin && !stdin.writableEnded) {
      if (!stdin.write(bytes.subarray(1))) {
        webSocket.pause()
        stdin.once('drain', () => webSocket.resume())
      }
    } else if (bytes[0] === CHANNEL.close && bytes[1] === CHANNEL.stdin) stdin?.end()
    else if (bytes[0] === CHANNEL.resize) {
      const size = readSize(bytes.subarray(1))
      if (size && session) session.resize(...size)
      else if (size) resizes.push(size)
    }
  })
  try {
    session = await api.node().exec(pod, {
      container,
      command,
      tty,
      stdin,
      stdout: wants('stdout') ? channelWriter(webSocket, CHANNEL.stdout) : undefined,
      stderr: wants('stderr') && !tty ? channelWriter(webSocket, CHANNEL.stderr) : undefined,
      signal: aborter.signal,
    })
    for (const size of resizes) session.resize(...size)
    sendStatus(webSocket, endStatus(await session.exitCode))
  } catch (error) {
    if (!aborter.signal.aborted) sendStatus(webSocket, statusOf(error))
  } finally {
    webSocket.close(1000)
  }
}

function channelWriter(webSocket: WebSocket, channel: number): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const message = Buffer.concat([Buffer.of(channel), chunk])
      // The callback comes when the bytes have left, so a slow reader slows the writer.
      if (webSocket.bufferedAmount < MAX_BUFFERED_BYTES) {
        webSocket.send(message)
        done()
      } else webSocket.send(message, () => done())
    },
  })
}

function sendStatus(webSocket: WebSocket, status: unknown): void {
  webSocket.send(Buffer.concat([Buffer.of(CHANNEL.status), Buffer.from(JSON.stringify(status))]))
}

/** How the command ended, in the form that kubectl takes its own exit code from. */
function endStatus(exitCode: number): Omit<Status, 'code' | 'apiVersion' | 'kind'> {
  if (exitCode === 0) return { metadata: {}, status: 'Success' }
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: command terminated with exit code ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  }
}

function readSize(bytes: Buffer): [number, number] | undefined {
  try {
    const { Width, Height } = JSON.parse(bytes.toString()) as { Width?: unknown; Height?: unknown }
    return isSize(Width) && isSize(Height) ? [Width, Height] : undefined
  } catch {
    return undefined
  }
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) < 65536
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
}

function refuse(socket: Duplex, status: Status): void {
  if (socket.destroyed || !socket.writable) return
  const body = JSON.stringify(status)
  socket.end(
    `HTTP/1.1 ${status.code} ${status.reason ?? 'Refused'}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
