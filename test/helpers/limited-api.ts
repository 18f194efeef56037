/** An API path to a real cluster on which each token opens one namespace and nothing else; `expired` opens nothing. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request as requestUpstream } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { afterAll } from 'vitest'
import { ensureCredentials } from '#sandbox/embedded/credentials.ts'
import { type Connection } from '#sandbox/kubeconfig.ts'
import { writeOwnKubeconfig, type Kubeconfig } from '#sandbox/kubeconfig-file.ts'

/** The path, and what was refused on it. */
export interface LimitedApi {
  /** A kubeconfig with one context, `limited`, for somebody who may do anything in this namespace. */
  kubeconfigFor(namespace: string): Promise<string>
  /** `GET /api/v1/nodes`, in order. */
  refused: string[]
}

const ended: (() => Promise<void>)[] = []

// Registered while the test file is read: inside another hook it would be too late.
afterAll(async () => {
  for (const end of ended.splice(0)) await end()
})

/** Opens it in front of the cluster; it is gone with this test file. */
export async function openLimitedApi(upstream: Connection): Promise<LimitedApi> {
  const folder = mkdtempSync(join(tmpdir(), 'limited-api-'))
  const { certificate, key } = await ensureCredentials(folder)
  const refused: string[] = []
  const server = createServer({ cert: certificate, key })
  const sockets = new Set<Duplex>()
  server.on('connection', (socket) => sockets.add(socket))
  server.on('request', (request, response) => {
    if (request.headers.authorization === 'Bearer expired') response.writeHead(401).end('Unauthorized')
    else if (isAllowed(request)) forward(upstream, request, response)
    else refuse(request, response, refused)
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (isAllowed(request)) tunnel(upstream, request, socket, head)
    else socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  ended.push(async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
    await once(server, 'close')
    rmSync(folder, { recursive: true, force: true })
  })
  const ca = Buffer.from(certificate).toString('base64')
  return {
    refused,
    async kubeconfigFor(namespace) {
      const path = join(folder, `${namespace}.kubeconfig`)
      await writeOwnKubeconfig(path, limitedConfig(`https://127.0.0.1:${port}`, ca, namespace))
      return path
    },
  }
}

function limitedConfig(server: string, ca: string, namespace: string): Kubeconfig {
  const name = 'limited'
  return {
    'current-context': name,
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
    clusters: [{ name, cluster: { server, 'certificate-authority-data': ca } }],
    users: [{ name, user: { token: `only-${namespace}` } }],
  }
}

/** What a cluster serves is no secret in it, as by system:discovery; all else is somebody's. */
function isAllowed({ method, url = '', headers }: IncomingMessage): boolean {
  const namespace = /^Bearer only-(.+)$/.exec(headers.authorization ?? '')?.[1]
  const path = url.split('?')[0]!
  if (method === 'GET' && /^\/(version|readyz|openapi\/.*|api(\/v1)?|apis(\/[^/]+){0,2})$/.test(path))
    return true
  return (
    namespace !== undefined &&
    /^\/apis?\/(?:[^/]+\/){1,2}namespaces\/([^/]+)\/./.exec(path)?.[1] === namespace
  )
}

function refuse({ method, url = '' }: IncomingMessage, response: ServerResponse, refused: string[]): void {
  const path = url.split('?')[0]!
  refused.push(`${method} ${path}`)
  const message = `forbidden: User "learner" cannot ${method} path "${path}"`
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    reason: 'Forbidden',
    code: 403,
    message,
  }
  response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify(status))
}

function forward(upstream: Connection, request: IncomingMessage, response: ServerResponse): void {
  const { method, url, headers } = request
  const outgoing = requestUpstream(`${upstream.server}${url}`, {
    method,
    ca: upstream.ca,
    headers: { ...headers, authorization: `Bearer ${upstream.token}` },
  })
  outgoing.on('response', (answer) => {
    response.writeHead(answer.statusCode!, answer.headers)
    answer.pipe(response)
  })
  outgoing.on('error', () => response.destroy())
  // A watch that its reader has left ends at the cluster too.
  response.on('close', () => outgoing.destroy())
  request.pipe(outgoing)
}

function tunnel(upstream: Connection, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { hostname, port } = new URL(upstream.server)
  const headers = { ...request.headers, authorization: `Bearer ${upstream.token}` }
  const target = connectTls({ host: hostname, port: Number(port), ca: upstream.ca }, () => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`)
    target.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    target.write(head)
    target.pipe(socket)
    socket.pipe(target)
  })
  for (const [one, other] of [
    [target, socket],
    [socket, target],
  ] as const) {
    one.on('error', () => other.destroy()).on('close', () => other.destroy())
  }
}
