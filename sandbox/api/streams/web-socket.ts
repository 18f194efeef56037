/** Accepts a WebSocket under one of the subprotocols that Kubernetes names. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import { StatusError } from '../status.ts'

/** The first of `protocols`, best first, that the client offers. Throws a 403 when there is none. */
export async function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocols: readonly string[],
): Promise<{ webSocket: WebSocket; protocol: string }> {
  const { WebSocketServer } = await import('ws')
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  const protocol = protocols.find((name) => offered.includes(name))
  if (!protocol) {
    throw new StatusError(
      403,
      'Forbidden',
      `none of these subprotocols is served: ${offered.join(', ')}; choose ${protocols.join(' or ')}`,
    )
  }
  const server = new WebSocketServer({ noServer: true })
  // `ws` refuses names with a slash, which Kubernetes has: it neither reads nor writes this header here.
  delete request.headers['sec-websocket-protocol']
  server.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${protocol}`))
  return await new Promise((resolve) => {
    server.handleUpgrade(request, socket, head, (webSocket) => resolve({ webSocket, protocol }))
  })
}

/** A message as one piece. */
export function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
}
