/** pods/portforward: connections to the pod's own 127.0.0.1, over SPDY and over the older WebSocket protocol. */
import { Duplex, PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { WebSocket } from 'ws'
import { messageOf } from '../../errors.ts'
import type { Pod } from '../../objects.ts'
import type { ApiContext } from '../resource.ts'
import { badRequest } from '../status.ts'
import { serveSpdy, type SpdyStream } from './spdy.ts'
import { channelWriter } from './web-socket-channels.ts'
import { bytesOf } from './web-socket.ts'

/** Name of the SPDY protocol. */
export const SPDY_FORWARD_PROTOCOL = 'portforward.k8s.io'

/** SPDY in the messages of a WebSocket, as kubectl 1.31 asks first; then one connection per port and WebSocket. */
export const WEB_SOCKET_FORWARD_PROTOCOLS = ['SPDY/3.1+portforward.k8s.io', 'v4.channel.k8s.io']

/** Serves connections until the client goes: a pair of streams each, one for bytes and one for what went wrong. */
export function forwardOverSpdy(api: ApiContext, pod: Pod, socket: Duplex): void {
  const halves = new Map<string, SpdyStream>()
  serveSpdy(socket, (stream) => {
    const { requestid = '', streamtype, port = '' } = stream.headers
    const other = halves.get(requestid)
    const isPair = other && [streamtype, other.headers.streamtype].sort().join() === 'data,error'
    if (!isPair) {
      halves.set(requestid, stream)
      stream.once('close', () => halves.delete(requestid))
      return
    }
    halves.delete(requestid)
    const [data, error] = streamtype === 'data' ? [stream, other] : [other, stream]
    // Nothing comes in there but its end.
    error.resume()
    void forward(api, pod, Number(port), data).then((problem) => error.end(problem))
  })
}

/** Serves one connection for each of the query's `ports`: channel 2n carries bytes, 2n + 1 what went wrong. */
export function forwardOverWebSocket(api: ApiContext, pod: Pod, ports: number[], webSocket: WebSocket): void {
  const inputs = ports.map((port, index) => {
    const data = channelWriter(webSocket, index * 2)
    const error = channelWriter(webSocket, index * 2 + 1)
    const greeting = Buffer.alloc(2)
    greeting.writeUInt16LE(port)
    data.write(greeting)
    error.write(greeting)
    const input = new PassThrough()
    void forward(api, pod, port, Duplex.from({ readable: input, writable: data })).then((problem) => {
      if (problem) error.write(problem)
    })
    return input
  })
  webSocket.on('error', () => webSocket.terminate())
  webSocket.on('close', () => inputs.forEach((input) => input.end()))
  webSocket.on('message', (message) => {
    const bytes = bytesOf(message)
    const input = inputs[bytes[0]! / 2]
    if (!input || input.write(bytes.subarray(1))) return
    webSocket.pause()
    input.once('drain', () => webSocket.resume())
  })
}

/** The ports that clients of the older protocol name in the query. Throws a 400 for what is no port. */
export function readPorts(query: URLSearchParams): number[] {
  const ports = query
    .getAll('ports')
    .flatMap((text) => text.split(','))
    .map(Number)
  const wrong = ports.find((port) => !isPort(port))
  if (wrong !== undefined) throw badRequest(`query parameter "ports" must be from 1 to 65535, not ${wrong}`)
  return ports
}

/** Settles when the app has said all; answers what went wrong, in kubelet's words. */
async function forward(api: ApiContext, pod: Pod, port: number, data: Duplex): Promise<string | undefined> {
  const { name, uid } = pod.metadata
  try {
    if (!isPort(port)) throw new Error(`"${port}" is no port`)
    const app = await api.node().forward(pod, port)
    // Half a connection may end long before the other.
    pipeline(data, app).catch(() => app.destroy())
    await pipeline(app, data)
    app.destroy()
    return undefined
  } catch (error) {
    return `error forwarding port ${port} to pod ${name}, uid ${uid}: ${messageOf(error)}`
  } finally {
    data.resume()
    data.end()
  }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65536
}
