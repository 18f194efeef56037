/** From a kubeconfig file to a client: who to ask, whom to trust, how to travel. */
import { readFile } from 'node:fs/promises'
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https'
import { Readable } from 'node:stream'
import type { IncomingHttpHeaders } from 'node:http'
import { KubernetesClient, type Transport } from './client.ts'
import { WorkshopError } from './errors.ts'
import { logIn, type PluginCredentials } from './exec-plugin.ts'
import { kitExtension, parseKubeconfig, type KitExtension } from './kubeconfig-file.ts'

/** One context of a kubeconfig, ready to be dialed. PEM texts, not base64. */
export interface Connection extends KitExtension {
  /** `https://127.0.0.1:41234`, without a trailing slash. */
  server: string
  ca?: string
  /** Client certificate and key, as kind writes them. */
  cert?: string
  key?: string
  token?: string
  /** The context's namespace; `default` where it names none. */
  namespace: string
  /** Where credentials expire: gets new ones. */
  renew?(): Promise<PluginCredentials>
}

/**
 * Reads a context (the current one unless named) of a kubeconfig file.
 * Understands tokens and client certificates, inline or as files, and plugins that get them; throws a WorkshopError for
 * all else.
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
export async function readKubeconfig(path: string, contextName?: string): Promise<Connection> {
  const config = await parseKubeconfig(path)
  const name = contextName ?? config['current-context']
  const context = config.contexts?.find((entry) => entry.name === name)?.context
  const cluster = config.clusters?.find((entry) => entry.name === context?.cluster)?.cluster
  const user = config.users?.find((entry) => entry.name === context?.user)?.user ?? {}
  if (!context || !cluster?.server) {
    const known = config.contexts?.map((entry) => entry.name).join(', ') || 'none'
    throw new WorkshopError(
      `${path} has no usable context “${name ?? ''}”`,
      `contexts in that file: ${known}`,
    )
  }
  if (user['auth-provider']) {
    const hint = 'use a context with a token, a client certificate or an exec plugin'
    throw new WorkshopError(
      `context “${name}” of ${path} logs in by auth-provider, which is of the past`,
      hint,
    )
  }
  const connection: Connection = {
    server: cluster.server.replace(/\/$/, ''),
    ca: await pem(cluster, 'certificate-authority'),
    cert: await pem(user, 'client-certificate'),
    key: await pem(user, 'client-key'),
    token: user.token ?? (user.tokenFile && (await readFile(user.tokenFile, 'utf8')).trim()),
    namespace: context.namespace ?? 'default',
    ...kitExtension(context),
  }
  const { exec } = user
  if (!exec) return connection
  const renew = () => logIn(exec)
  return { ...connection, ...(await renew()), renew }
}

/**
 * A client that travels over HTTPS, keeping its connections open for the next request. As a guest it changes nothing
 * outside its namespace, be the credentials an administrator's.
 */
export function connect(connection: Connection): KubernetesClient {
  const transport = httpsTransport(connection)
  const { isGuest, namespace } = connection
  return new KubernetesClient(isGuest ? confined(transport, namespace) : transport)
}

function confined(transport: Transport, namespace: string): Transport {
  return async (request) => {
    const { pathname } = new URL(request.url)
    const isInside = /^\/apis?\/[^/]+(?:\/[^/]+)?\/namespaces\/([^/]+)\/./.exec(pathname)?.[1] === namespace
    if (isInside || request.method === 'GET') return await transport(request)
    const message = `the workshop is a guest in this cluster and changes nothing outside namespace “${namespace}”: ${request.method} ${pathname}`
    return Response.json(
      {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        reason: 'Forbidden',
        code: 403,
        message,
      },
      { status: 403 },
    )
  }
}

/** TLS options and headers that every request to this cluster carries, upgrades included. */
export function credentials(connection: Connection): {
  tls: { ca?: string; cert?: string; key?: string }
  headers: Record<string, string>
} {
  const { ca, cert, key, token } = connection
  return { tls: { ca, cert, key }, headers: token ? { authorization: `Bearer ${token}` } : {} }
}

function httpsTransport(connection: Connection): Transport {
  // Idle sockets are unreferenced by Node, so a finished command ends.
  const agent = new Agent({ keepAlive: true, ...credentials(connection).tls })
  return async (request) => {
    const body = request.body ? Buffer.from(await request.arrayBuffer()) : undefined
    const response = await travel(connection, agent, request, body)
    if (response.status !== 401 || !connection.renew) return response
    await response.body?.cancel()
    Object.assign(connection, await connection.renew())
    return await travel(connection, agent, request, body)
  }
}

async function travel(
  connection: Connection,
  agent: Agent,
  request: Request,
  body?: Buffer,
): Promise<Response> {
  const { pathname, search } = new URL(request.url)
  const url = `${connection.server}${pathname}${search}`
  const { tls, headers } = credentials(connection)
  const options = {
    method: request.method,
    headers: {
      ...Object.fromEntries(request.headers),
      ...headers,
      ...(body && { 'content-length': body.length }),
    },
  }
  try {
    return await send(url, { ...options, agent }, request, body)
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw unreachable(connection, error as Error)
  }
  // By a connection of its own, which no other request has used.
  return await send(url, { ...options, ...tls, agent: false }, request, body).catch((error: Error) => {
    throw unreachable(connection, error)
  })
}

/** The server gave up an idle connection in the very moment in which it was used again; nothing was asked yet. */
class StaleConnection extends Error {}

/** Rejects with a {@link StaleConnection} for a question that may be asked again, else with what Node says. */
function send(
  url: string,
  options: RequestOptions,
  request: Request,
  body: Buffer | undefined,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(url, { ...options, signal: request.signal })
    // A Request that was collected passes no abort on: this one lives as long as its answer.
    outgoing.on('close', () => request)
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const isStale = outgoing.reusedSocket && error.code === 'ECONNRESET' && options.method === 'GET'
      reject(isStale ? new StaleConnection() : error)
    })
    outgoing.on('response', (incoming) => {
      const status = incoming.statusCode ?? 502
      const hasBody = status !== 204 && status !== 304
      const stream = hasBody ? (Readable.toWeb(incoming) as ReadableStream<Uint8Array>) : null
      resolve(new Response(stream, { status, headers: toHeaders(incoming.headers) }))
    })
    outgoing.end(body)
  })
}

function unreachable(connection: Connection, error: Error): Error {
  if (error.name === 'AbortError') return error
  return new WorkshopError(
    `the cluster at ${connection.server} does not answer: ${error.message}`,
    'npm run cluster status',
    { cause: error },
  )
}

function toHeaders(incoming: IncomingHttpHeaders): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  return headers
}

async function pem(entry: Record<string, unknown>, field: string): Promise<string | undefined> {
  const { [field]: path, [`${field}-data`]: inline } = entry as Record<string, string | undefined>
  if (inline) return Buffer.from(inline, 'base64').toString()
  return path && (await readFile(path, 'utf8'))
}
