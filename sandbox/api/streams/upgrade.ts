/** Streams over an upgraded connection: which one is asked for, and whether over WebSocket or SPDY/3.1. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Pod, Status } from '../../objects.ts'
import type { ApiContext } from '../resource.ts'
import { parseRoute } from '../route.ts'
import { StatusError, badRequest, statusOf } from '../status.ts'
import { findObject } from '../verbs/read.ts'
import { readWanted } from './command-channels.ts'
import {
  SPDY_FORWARD_PROTOCOL,
  WEB_SOCKET_FORWARD_PROTOCOLS,
  forwardOverSpdy,
  forwardOverWebSocket,
  readPorts,
} from './port-forward.ts'
import { type RemoteCommand, planAttach, planExec, runRemoteCommand } from './remote-command.ts'
import { SPDY_COMMAND_PROTOCOLS, openSpdyChannels } from './spdy-channels.ts'
import { WEB_SOCKET_PROTOCOLS, openWebSocketChannels } from './web-socket-channels.ts'
import { acceptWebSocket } from './web-socket.ts'

/** The connection of an HTTP upgrade; `head` is what came behind the request already. */
interface Upgrade {
  request: IncomingMessage
  socket: Duplex
  head: Buffer
}

/** Answers an upgrade: refuses it as a Status, or serves the stream until it ends. Never throws. */
export async function upgradeToStream(
  api: ApiContext,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const upgrade = { request, socket, head }
  try {
    const url = urlOf(request)
    const route = parseRoute(url, api.resources)
    const plan = route?.resource.plural === 'pods' ? planOf(route.subresource) : undefined
    if (!route || !plan) {
      throw badRequest(
        `the embedded cluster upgrades pods/${Object.keys(PLANS).join(', pods/')}, not ${url.pathname}`,
      )
    }
    const serve = plan(api, findObject(api, route) as Pod, route.query)
    const protocol = request.headers.upgrade?.toLowerCase() ?? ''
    if (protocol === 'websocket') await serve.overWebSocket(upgrade)
    else if (protocol === 'spdy/3.1') await serve.overSpdy(upgrade)
    else throw badRequest(`unable to upgrade to ${protocol}: choose websocket or SPDY/3.1`)
  } catch (error) {
    refuse(socket, statusOf(error))
  }
}

function urlOf({ url = '/' }: IncomingMessage): URL {
  const parsed = URL.parse(`http://cluster${url}`)
  if (parsed) return parsed
  throw badRequest(`GET ${url}: Invalid URL`)
}

/** A stream that is known to be possible, over either wire. */
interface ServedStream {
  overWebSocket(upgrade: Upgrade): Promise<void>
  overSpdy(upgrade: Upgrade): Promise<void>
}

const PLANS: Record<string, (api: ApiContext, pod: Pod, query: URLSearchParams) => ServedStream> = {
  exec: (...request) => serveCommand(planExec(...request), ...request),
  attach: (...request) => serveCommand(planAttach(...request), ...request),
  portforward: serveForward,
}

/** `constructor` and the like are in every object, and are streams of none. */
function planOf(subresource = ''): (typeof PLANS)[string] | undefined {
  return Object.hasOwn(PLANS, subresource) ? PLANS[subresource] : undefined
}

function serveCommand(
  command: RemoteCommand,
  { clock }: ApiContext,
  _pod: Pod,
  query: URLSearchParams,
): ServedStream {
  const wanted = readWanted(query)
  return {
    async overWebSocket({ request, socket, head }) {
      const { webSocket } = await acceptWebSocket(request, socket, head, WEB_SOCKET_PROTOCOLS)
      await runRemoteCommand(command, openWebSocketChannels(webSocket, wanted))
    },
    async overSpdy(upgrade) {
      acceptSpdy(upgrade, SPDY_COMMAND_PROTOCOLS)
      await runRemoteCommand(command, await openSpdyChannels(clock, upgrade.socket, wanted))
    },
  }
}

function serveForward(api: ApiContext, pod: Pod, query: URLSearchParams): ServedStream {
  const ports = readPorts(query)
  return {
    async overWebSocket({ request, socket, head }) {
      const { webSocket, protocol } = await acceptWebSocket(
        request,
        socket,
        head,
        WEB_SOCKET_FORWARD_PROTOCOLS,
      )
      if (protocol === WEB_SOCKET_FORWARD_PROTOCOLS[1]) {
        return forwardOverWebSocket(api, pod, ports, webSocket)
      }
      const { createWebSocketStream } = await import('ws')
      forwardOverSpdy(api, pod, createWebSocketStream(webSocket))
    },
    async overSpdy(upgrade) {
      acceptSpdy(upgrade, [SPDY_FORWARD_PROTOCOL])
      forwardOverSpdy(api, pod, upgrade.socket)
    },
  }
}

/** Throws a 403 when the client offers none of the protocols. */
function acceptSpdy({ request, socket, head }: Upgrade, protocols: readonly string[]): void {
  // Node joins headers of one name with commas.
  const offered = String(request.headers['x-stream-protocol-version'] ?? '').split(', ')
  const protocol = protocols.find((name) => offered.includes(name))
  if (!protocol) {
    const message = `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${protocols.join(' ')}]`
    throw new StatusError(403, 'Forbidden', message)
  }
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  )
  socket.unshift(head)
}

function refuse(socket: Duplex, status: Status): void {
  if (socket.destroyed || !socket.writable) return
  const body = JSON.stringify(status)
  socket.end(
    `HTTP/1.1 ${status.code} ${status.reason ?? 'Refused'}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
