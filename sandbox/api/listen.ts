/** Serves an API over HTTPS: the bridge between Node's HTTP server and Request and Response. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Server, createServer } from 'node:https'
import { type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageOf } from '../errors.ts'
import { refusal } from './answer.ts'
import { refuseCaller } from './guard.ts'
import type { Api } from './server.ts'
import { badRequest, statusOf } from './status.ts'

/** Where to listen, and with which PEM texts and token. */
export type ListenOptions = ({ fd: number } | { host: string; port: number }) & {
  certificate: string
  key: string
  /** Asked of every caller but for health checks and the version. */
  token: string
}

/** A server that listens. */
export interface Listening {
  /** 0 when the socket was handed over as a descriptor of another kind than TCP. */
  port: number
  /** Ends all connections, watches too. */
  stop(): Promise<void>
}

/** Serves until stopped; settles when connections are accepted. Rejects when the address is taken. */
export async function serve(api: Api, options: ListenOptions): Promise<Listening> {
  const { certificate, key, token } = options
  const server = createServer(
    { cert: certificate, key, ALPNProtocols: ['http/1.1'] },
    (incoming, outgoing) => {
      void respond(api, token, incoming, outgoing)
    },
  )
  server.on('upgrade', (incoming, socket, head) => {
    socket.on('error', () => socket.destroy())
    const refused = refuseCaller(callerOf(incoming), token, api.acceptsToken)
    if (!refused) return void api.upgrade(incoming, socket, head)
    const body = JSON.stringify(refused.status)
    socket.end(
      `HTTP/1.1 ${refused.status.code} ${refused.status.reason}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    )
  })
  await listen(server, 'fd' in options ? { fd: options.fd } : { host: options.host, port: options.port })
  return {
    port: (server.address() as AddressInfo | null)?.port ?? 0,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, where: { fd: number } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function respond(
  api: Api,
  token: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const aborter = new AbortController()
  outgoing.once('close', () => aborter.abort())
  const refused = refuseCaller(callerOf(incoming), token, api.acceptsToken)
  const response = refused ? refusal(refused.status) : await answer(api, incoming, aborter.signal)
  outgoing.writeHead(response.status, headersOf(response))
  if (!response.body || incoming.method === 'HEAD') return void outgoing.end()
  // A watch may have nothing to say for long: the client waits for the headers.
  outgoing.flushHeaders()
  try {
    await pipeline(Readable.fromWeb(response.body as never), outgoing)
  } catch {
    // The client went away, or the stream behind the body broke: either way the connection has ended.
    outgoing.destroy()
  }
}

async function answer(api: Api, incoming: IncomingMessage, signal: AbortSignal): Promise<Response> {
  try {
    return await api.handle(toRequest(incoming, signal))
  } catch (error) {
    return refusal(statusOf(error))
  }
}

function toRequest(incoming: IncomingMessage, signal: AbortSignal): Request {
  const { method = 'GET', url = '/', rawHeaders } = incoming
  const headers = new Headers()
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at]!, rawHeaders[at + 1]!)
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const init = {
    method,
    headers,
    signal,
    ...(hasBody ? { body: Readable.toWeb(incoming) as unknown as ReadableStream, duplex: 'half' } : {}),
  }
  try {
    // Put together by hand: `new URL('//x', base)` would take x for the host.
    return new Request(`http://cluster${url}`, init as RequestInit)
  } catch (error) {
    throw badRequest(`${method} ${url}: ${messageOf(error)}`)
  }
}

function callerOf({ url = '/', headers }: IncomingMessage) {
  const { host, origin, authorization } = headers
  return { path: url.split('?')[0]!, host, origin: origin as string | undefined, authorization }
}

/** Of all headers only Warning and Set-Cookie come more than once. */
function headersOf(response: Response): [string, string][] | Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of response.headers) {
    if (name === 'warning') headers[name] = value.split(/, (?=299 - )/)
    else if (name === 'set-cookie') headers[name] = response.headers.getSetCookie()
    else headers[name] = value
  }
  return headers
}
