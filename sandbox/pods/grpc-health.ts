/** The gRPC health check as far as a probe needs it: https://github.com/grpc/grpc/blob/master/doc/health-checking.md */
import { connect, type ClientHttp2Session } from 'node:http2'
import type { Clock } from '../clock.ts'

/** grpc-go tries a connection that was refused again after so long. */
const RECONNECT_MS = 1_000

const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']
const CODES = (
  'OK Canceled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied ResourceExhausted ' +
  'FailedPrecondition Aborted OutOfRange Unimplemented Internal Unavailable DataLoss Unauthenticated'
).split(' ')

/** What to ask of whom. */
export interface HealthRequest {
  /** `host:port` */
  address: string
  /** Empty for the server as a whole. */
  service: string
  timeoutSeconds: number
  userAgent: string
  clock: Clock
  signal: AbortSignal
}

/** Answers `undefined` when the service is SERVING, else what the kubelet says of it. Never throws. */
export async function checkGrpcHealth(request: HealthRequest): Promise<string | undefined> {
  const { address, timeoutSeconds, signal } = request
  const session = await connectUntilAborted(request)
  if (!session) {
    return `timeout: failed to connect service "${address}" within ${timeoutSeconds}s: context deadline exceeded`
  }
  try {
    const { code, message, status } = await callCheck(session, request)
    if (code === 'OK') {
      return status === 'SERVING' ? undefined : `service unhealthy (responded with "${status}")`
    }
    if (code === 'Unimplemented') {
      return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${message}`
    }
    return `error: health rpc probe failed: rpc error: code = ${code} desc = ${message}`
  } catch (error) {
    if (signal.aborted) {
      return `timeout: health rpc did not complete within ${timeoutSeconds}s: context deadline exceeded`
    }
    const desc = `connection error: desc = "${(error as Error).message}"`
    return `error: health rpc probe failed: rpc error: code = Unavailable desc = ${desc}`
  } finally {
    session.destroy()
  }
}

async function connectUntilAborted(request: HealthRequest): Promise<ClientHttp2Session | undefined> {
  const { address, clock, signal } = request
  while (!signal.aborted) {
    const session = connect(`http://${address}`)
    const isConnected = await new Promise<boolean>((resolve) => {
      // HTTP/2 has begun once the server's settings are here: grpc-go waits for them, too.
      session.once('remoteSettings', () => resolve(true))
      session.on('error', () => resolve(false))
      session.once('close', () => resolve(false))
      signal.addEventListener('abort', () => resolve(false), { once: true })
    })
    if (isConnected) return session
    session.destroy()
    await new Promise<void>((resolve) => {
      const cancel = clock.schedule(RECONNECT_MS, resolve)
      signal.addEventListener('abort', () => (cancel(), resolve()), { once: true })
      if (signal.aborted) resolve()
    })
  }
  return undefined
}

async function callCheck(
  session: ClientHttp2Session,
  { address, service, userAgent, signal }: HealthRequest,
) {
  const stream = session.request(
    {
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      ':authority': address,
      'content-type': 'application/grpc',
      'user-agent': userAgent,
      te: 'trailers',
    },
    { signal },
  )
  let ending: Record<string, unknown> = {}
  const note = (headers: Record<string, unknown>) => {
    if (headers['grpc-status'] !== undefined) ending = headers
  }
  // An answer without a body has its ending in the headers.
  stream.on('response', note)
  stream.on('trailers', note)
  stream.end(requestFrame(service))
  const chunks: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
  const code = CODES[Number(ending['grpc-status'] ?? 2)] ?? 'Unknown'
  const text = ending['grpc-message']
  const message = typeof text === 'string' ? decodeURIComponent(text) : ''
  return { code, message, status: servingStatus(Buffer.concat(chunks)) }
}

/** A frame that is not compressed, around `HealthCheckRequest{ service = 1 }`. */
function requestFrame(service: string): Buffer {
  const name = Buffer.from(service)
  const message = name.length > 0 ? Buffer.concat([Buffer.from([0x0a]), varint(name.length), name]) : name
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/** `HealthCheckResponse{ status = 1 }` behind the five bytes of its frame; protobuf leaves out a zero. */
function servingStatus(frame: Buffer): string {
  const status = frame[5] === 0x08 ? frame[6]! : 0
  return STATUSES[status] ?? String(status)
}

function varint(value: number): Buffer {
  const bytes = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0))
  }
  return Buffer.from(bytes)
}
