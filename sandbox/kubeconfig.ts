/** From a kubeconfig file to a client: who to ask, whom to trust, how to travel. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { Agent, request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import type { IncomingHttpHeaders } from 'node:http'
import { KubernetesClient, type Transport } from './client.ts'
import { WorkshopError, messageOf } from './errors.ts'

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
}

/** What a provider notes in its kubeconfig for the rest of the kit. */
export interface KitExtension {
  /** The kit is a guest here: it keeps to the context's namespace, whatever else it might be allowed. */
  isGuest?: boolean
  /** Where the learner's registry has the kit's images. */
  registry?: string
  /** Image as a manifest writes it to the image that this cluster can run. */
  images?: Record<string, string>
}

/** A kubeconfig file, as far as the kit understands it. */
export interface Kubeconfig {
  'current-context'?: string
  contexts?: { name: string; context: KubeconfigContext }[]
  clusters?: { name: string; cluster: Record<string, string> }[]
  users?: { name: string; user: Record<string, string> }[]
}

/** One entry of `contexts`. */
export interface KubeconfigContext {
  cluster: string
  user: string
  namespace?: string
  extensions?: { name: string; extension: unknown }[]
}

const KIT_EXTENSION = 'sidecar-workshop'

/** What a provider has noted in the context; nothing where the file is not of its making. */
export function kitExtension({ extensions = [] }: KubeconfigContext): KitExtension {
  const noted = extensions.find(({ name }) => name === KIT_EXTENSION)
  return (noted?.extension ?? {}) as KitExtension
}

/** Notes it in the context, in place of what was noted before. */
export function noteKitExtension(context: KubeconfigContext, extension: KitExtension): void {
  const others = (context.extensions ?? []).filter(({ name }) => name !== KIT_EXTENSION)
  context.extensions = [...others, { name: KIT_EXTENSION, extension }]
}

/**
 * Reads a context (the current one unless named) of a kubeconfig file.
 * Understands tokens and client certificates, inline or as files; throws a WorkshopError for all else.
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
    ...kitExtension(context),
  }
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
  const { tls, headers } = credentials(connection)
  // Idle sockets are unreferenced by Node, so a finished command ends.
  const agent = new Agent({ keepAlive: true, ...tls })
  return async (request) => {
    const url = new URL(request.url)
    const body = request.body ? Buffer.from(await request.arrayBuffer()) : undefined
    return await new Promise<Response>((resolve, reject) => {
      const outgoing = httpsRequest(`${connection.server}${url.pathname}${url.search}`, {
        agent,
        method: request.method,
        headers: {
          ...Object.fromEntries(request.headers),
          ...headers,
          ...(body && { 'content-length': body.length }),
        },
        signal: request.signal,
      })
      outgoing.on('error', (error) => reject(unreachable(connection, error)))
      outgoing.on('response', (incoming) => {
        const status = incoming.statusCode ?? 502
        const hasBody = status !== 204 && status !== 304
        const stream = hasBody ? (Readable.toWeb(incoming) as ReadableStream<Uint8Array>) : null
        resolve(new Response(stream, { status, headers: toHeaders(incoming.headers) }))
      })
      outgoing.end(body)
    })
  }
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

/** The file as it stands; throws a WorkshopError where it can't be read. */
export async function parseKubeconfig(path: string): Promise<Kubeconfig> {
  const { parse } = await import('yaml')
  try {
    return (parse(await readFile(path, 'utf8')) ?? {}) as Kubeconfig
  } catch (error) {
    throw new WorkshopError(`can't read the kubeconfig ${path}: ${messageOf(error)}`, 'npm run cluster up', {
      cause: error,
    })
  }
}

/** Writes a kubeconfig that nobody else may read. It appears whole or not at all. */
export async function writeOwnKubeconfig(path: string, config: Kubeconfig): Promise<void> {
  const { stringify } = await import('yaml')
  const draft = `${path}.${process.pid}`
  await writeFile(draft, stringify(config), { mode: 0o600 })
  await rename(draft, path)
}

async function pem(entry: Record<string, string>, field: string): Promise<string | undefined> {
  const inline = entry[`${field}-data`]
  if (inline) return Buffer.from(inline, 'base64').toString()
  return entry[field] && (await readFile(entry[field], 'utf8'))
}
