/** From a kubeconfig file to a client: who to ask, whom to trust, how to travel. */
import { readFile } from 'node:fs/promises'
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https'
import { Readable } from 'node:stream'
import type { IncomingHttpHeaders } from 'node:http'
import { KubernetesClient, type Transport } from './client.ts'
import { WorkshopError, messageOf } from './errors.ts'

/** One context of a kubeconfig, ready to be dialed. PEM texts, not base64. */
export interface Connection {
  /** `https://127.0.0.1:41234`, without a trailing slash. */
  server: string
  ca?: string
  /** Client certificate and key, as kind writes them. */
  cert?: string
  key?: string
  token?: string
  /** The context's namespace; `default` where it names none. */
  namespace: string
}

interface Kubeconfig {
  'current-context'?: string
  contexts?: { name: string; context: { cluster: string; user: string; namespace?: string } }[]
  clusters?: { name: string; cluster: Record<string, string> }[]
  users?: { name: string; user: Record<string, string> }[]
}

/**
 * Reads a context (the current one unless named) of a kubeconfig file.
 * Understands tokens and client certificates, inline or as files; throws a WorkshopError for all else.
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
export async function readKubeconfig(path: string, contextName?: string): Promise<Connection> {
  const config = await parseFile(path)
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
  if (user.exec || user['auth-provider']) {
    const hint = 'use a context with a token or a client certificate'
    throw new WorkshopError(
      `context “${name}” of ${path} logs in through a plugin, which the kit does not run`,
      hint,
    )
  }
  return {
    server: cluster.server.replace(/\/$/, ''),
    ca: await pem(cluster, 'certificate-authority'),
    cert: await pem(user, 'client-certificate'),
    key: await pem(user, 'client-key'),
    token: user.token ?? (user.tokenFile && (await readFile(user.tokenFile, 'utf8')).trim()),
    namespace: context.namespace ?? 'default',
  }
}

/** A client that travels over HTTPS, keeping its connections open for the next request. */
export function connect(connection: Connection): KubernetesClient {
  return new KubernetesClient(httpsTransport(connection))
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
  const { tls, headers } = credentials(connection)
  // Idle sockets are unreferenced by Node, so a finished command ends.
  const agent = new Agent({ keepAlive: true, ...tls })
  return async (request) => {
    const { pathname, search } = new URL(request.url)
    const url = `${connection.server}${pathname}${search}`
    const body = request.body ? Buffer.from(await request.arrayBuffer()) : undefined
    const options = {
      agent,
      method: request.method,
      headers: {
        ...Object.fromEntries(request.headers),
        ...headers,
        ...(body && { 'content-length': body.length }),
      },
      signal: request.signal,
    }
    try {
      return await send(url, options, body)
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw unreachable(connection, error as Error)
    }
    return await send(url, { ...options, agent: false, ...tls }, body).catch((error: Error) => {
      throw unreachable(connection, error)
    })
  }
}

/** The server gave up an idle connection in the very moment in which it was used again; nothing was asked yet. */
class StaleConnection extends Error {}

/** Rejects with a {@link StaleConnection} for a question that may be asked again, else with what Node says. */
function send(url: string, options: RequestOptions, body: Buffer | undefined): Promise<Response> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(url, options)
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

async function parseFile(path: string): Promise<Kubeconfig> {
  const { parse } = await import('yaml')
  try {
    return (parse(await readFile(path, 'utf8')) ?? {}) as Kubeconfig
  } catch (error) {
    throw new WorkshopError(`can't read the kubeconfig ${path}: ${messageOf(error)}`, 'npm run cluster up', {
      cause: error,
    })
  }
}

async function pem(entry: Record<string, string>, field: string): Promise<string | undefined> {
  const inline = entry[`${field}-data`]
  if (inline) return Buffer.from(inline, 'base64').toString()
  return entry[field] && (await readFile(entry[field], 'utf8'))
}
