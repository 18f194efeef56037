/** One HTTP GET as the kubelet sends it for probes and lifecycle hooks, and the port that a handler means. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Container } from '../objects.ts'
import { networkErrorText } from './network-errors.ts'

/** The kubelet reads no more of an answer than so many bytes. */
const MAX_BODY_BYTES = 10 * 1024
/** As Go's client. */
const MAX_REDIRECTS = 10

/** The `httpGet` of a probe or a hook. */
export type HttpGetAction = NonNullable<NonNullable<Container['livenessProbe']>['httpGet']>

/** What came back. */
export interface HttpAnswer {
  statusCode: number
  /** Its beginning. */
  body: string
}

/** Whom to ask, and in whose name. */
export interface HttpTarget {
  container: Container
  podIp: string
  /** `kube-probe/1.33` */
  userAgent: string
  signal: AbortSignal
}

/**
 * Sends the request to the pod's address, or the action's own host. Redirects on the same host are followed, one to
 * another host is the answer itself. Throws in the words of Go's client: `Get "http://…": dial tcp …`.
 * https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#http-probes
 */
export async function httpGet(action: HttpGetAction, target: HttpTarget): Promise<HttpAnswer> {
  const scheme = (action.scheme ?? 'HTTP').toLowerCase()
  const port = resolvePort(action.port, target.container)
  const host = action.host || target.podIp
  let url = new URL(action.path || '/', `${scheme}://${host}:${port}`)
  for (let redirects = 0; ; redirects++) {
    const { statusCode, location, body } = await get(url, action, target)
    const next = location === undefined ? undefined : new URL(location, url)
    if (!next || statusCode < 300 || statusCode > 399 || next.hostname !== url.hostname) {
      return { statusCode, body }
    }
    if (redirects === MAX_REDIRECTS) throw new Error(`Get "${goUrl(next)}": stopped after 10 redirects`)
    url = next
  }
}

/** The number behind a port's name. Throws what the kubelet says of a name that the container does not have. */
export function resolvePort(port: number | string, container: Container): number {
  if (typeof port === 'number') return port
  const named = container.ports?.find(({ name }) => name === port)?.containerPort ?? Number(port)
  if (Number.isInteger(named)) return named
  throw new Error(`strconv.Atoi: parsing ${JSON.stringify(port)}: invalid syntax`)
}

async function get(url: URL, action: HttpGetAction, target: HttpTarget) {
  const isTls = url.protocol === 'https:'
  // Loaded when first needed: the engine is to be up at once.
  const request = isTls ? (await import('node:https')).request : httpRequest
  const port = url.port || (isTls ? '443' : '80')
  let isConnected = false
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { agent: false, rejectUnauthorized: false, headers: headersOf(action, target) }
      const outgoing = request(url, { ...options, signal: target.signal }, resolve)
      outgoing.on('error', reject)
      outgoing.once('socket', (socket) => socket.once('connect', () => (isConnected = true)))
      outgoing.end()
    })
    const { statusCode = 0, headers } = response
    return { statusCode, location: headers.location, body: await beginningOf(response) }
  } catch (error) {
    const address = `${url.hostname}:${port}`
    const late = isConnected ? 'context deadline exceeded' : `dial tcp ${address}: i/o timeout`
    const text = target.signal.aborted
      ? `${late} (Client.Timeout exceeded while awaiting headers)`
      : networkErrorText(error, address)
    throw new Error(`Get "${goUrl(url)}": ${text}`, { cause: error })
  }
}

function headersOf({ httpHeaders = [] }: HttpGetAction, { userAgent }: HttpTarget) {
  const headers: Record<string, string | string[]> = { Connection: 'close' }
  for (const { name, value = '' } of httpHeaders) {
    const key = Object.keys(headers).find((known) => known.toLowerCase() === name.toLowerCase()) ?? name
    headers[key] = key in headers && key !== 'Connection' ? [headers[key]!, value].flat() : value
  }
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
  if (!names.has('user-agent')) headers['User-Agent'] = userAgent
  if (!names.has('accept')) headers.Accept = '*/*'
  return headers
}

/** Reads to the end where that is near, so that the server does not see us hang up. */
async function beginningOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    if (size >= MAX_BODY_BYTES) break
  }
  return Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString()
}

/** Go keeps the port that a URL object of ours leaves out. */
function goUrl({ protocol, hostname, port, pathname, search }: URL): string {
  return `${protocol}//${hostname}:${port || (protocol === 'https:' ? '443' : '80')}${pathname}${search}`
}
