/** Asks one webhook: AdmissionReview v1 over HTTPS. https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#webhook-request-and-response */
import { randomUUID } from 'node:crypto'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { text } from 'node:stream/consumers'
import type { EndpointSlice, Service } from '../../objects.ts'
import { isRecord } from '../decode.ts'
import type { ApiContext } from '../resource.ts'
import type { Webhook } from './configuration.ts'
import type { Review } from './match.ts'

/** The part of an AdmissionResponse that is obeyed. */
export interface AdmissionResponse {
  uid: string
  allowed: boolean
  status?: { message?: string; reason?: string; code?: number }
  patch?: string
  patchType?: string
  warnings?: string[]
}

/** Where a webhook listens: host and port are what is dialled, `told` is the address as Kubernetes writes it. */
interface Target {
  url: URL
  told: string
  host: string
  port: number
}

/** A webhook that could not be asked, or answered nonsense; the message is Kubernetes' own. */
export class WebhookFailure extends Error {}

/** The answer of a webhook; throws a WebhookFailure. */
export async function callWebhook(
  api: ApiContext,
  webhook: Webhook,
  review: Review,
): Promise<AdmissionResponse> {
  const uid = randomUUID()
  const body = JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: requestOf(review, uid),
  })
  const answer = await post(api, webhook, body)
  if (!isRecord(answer) || answer.kind !== 'AdmissionReview' || answer.apiVersion !== 'admission.k8s.io/v1') {
    const { apiVersion = '', kind = '' } = (isRecord(answer) ? answer : {}) as Record<string, string>
    throw new WebhookFailure(
      `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${apiVersion || '/'}, Kind=${kind}`,
    )
  }
  const { response } = answer
  if (!isRecord(response)) throw new WebhookFailure('webhook response was absent')
  if (response.uid !== uid) {
    throw new WebhookFailure(`expected response.uid="${uid}", got "${String(response.uid ?? '')}"`)
  }
  return response as unknown as AdmissionResponse
}

function requestOf({ operation, route, subresource, object, oldObject, dryRun }: Review, uid: string) {
  const { group, version, kind, plural } = route.resource
  const { name } = (object ?? oldObject)!.metadata
  const resource = { group, version, resource: plural }
  const sub = subresource ? { subResource: subresource, requestSubResource: subresource } : {}
  const options = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' }[operation]
  return {
    uid,
    kind: { group, version, kind },
    resource,
    requestKind: { group, version, kind },
    requestResource: resource,
    ...sub,
    name,
    ...(route.namespace ? { namespace: route.namespace } : {}),
    operation,
    userInfo: { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] },
    object: object ?? null,
    oldObject: oldObject ?? null,
    dryRun,
    options: { kind: options, apiVersion: 'meta.k8s.io/v1' },
  }
}

async function post(api: ApiContext, webhook: Webhook, body: string): Promise<unknown> {
  const { timeoutSeconds = 10, clientConfig } = webhook
  const target = targetOf(api, clientConfig, timeoutSeconds)
  target.url.searchParams.set('timeout', `${timeoutSeconds}s`)
  const told = `${target.told}${target.url.search}`
  const fail = (why: string) => new WebhookFailure(`failed to call webhook: Post "${told}": ${why}`)
  const signal = AbortSignal.timeout(timeoutSeconds * 1000)
  let answer: { code: number; body: string }
  try {
    answer = await send(target, clientConfig.caBundle, body, signal)
  } catch (error) {
    throw fail(signal.aborted ? 'context deadline exceeded' : goText(error as NodeJS.ErrnoException, target))
  }
  if (answer.code !== 200) {
    const why =
      answer.code === 404
        ? 'the server could not find the requested resource'
        : `an error on the server (${JSON.stringify(answer.body.trim())}) has prevented the request from succeeding`
    throw new WebhookFailure(`failed to call webhook: ${why}`)
  }
  try {
    return JSON.parse(answer.body) as unknown
  } catch {
    throw new WebhookFailure(`failed to call webhook: couldn't get version/kind; json parse error`)
  }
}

async function send(
  { url, host, port }: Target,
  caBundle: string | undefined,
  body: string,
  signal: AbortSignal,
): Promise<{ code: number; body: string }> {
  return await new Promise((resolve, reject) => {
    const sent = httpsRequest(
      {
        method: 'POST',
        host,
        port,
        path: url.pathname + url.search,
        // An address has no name to ask for.
        ...(isIP(url.hostname) ? {} : { servername: url.hostname }),
        ca: caBundle ? Buffer.from(caBundle, 'base64') : undefined,
        headers: { host: url.host, 'content-type': 'application/json', accept: 'application/json' },
        signal,
        // A pod that went must not be remembered.
        agent: false,
      },
      (response) => {
        const code = response.statusCode ?? 0
        text(response).then((answer) => resolve({ code, body: answer }), reject)
      },
    )
    sent.once('error', reject)
    sent.end(body)
  })
}

function targetOf(
  api: ApiContext,
  { url, service }: Webhook['clientConfig'],
  timeoutSeconds: number,
): Target {
  if (!service) {
    const parsed = new URL(url!)
    return {
      url: parsed,
      told: parsed.origin + parsed.pathname,
      host: parsed.hostname,
      port: Number(parsed.port || 443),
    }
  }
  const { namespace, name, path = '', port = 443 } = service
  const parsed = new URL(`https://${name}.${namespace}.svc:${port}`)
  parsed.pathname = path
  // Go writes the port out, even where it is the default.
  const told = `https://${name}.${namespace}.svc:${port}${parsed.pathname}`
  const found = api.store.get('services', namespace, name) as Service | undefined
  const fail = (why: string) =>
    new WebhookFailure(`failed to call webhook: Post "${told}?timeout=${timeoutSeconds}s": ${why}`)
  if (!found) throw fail(`service "${name}" not found`)
  const portName = found.spec.ports?.find((one) => one.port === port)?.name ?? ''
  const slices = (api.store.list('endpointslices.discovery.k8s.io', namespace) as EndpointSlice[]).filter(
    ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name,
  )
  for (const { endpoints = [], ports = [] } of slices) {
    const ready = endpoints.find(({ conditions }) => conditions?.ready !== false)
    const open = ports.find((one) => (one.name ?? '') === portName)?.port
    if (ready && open !== undefined) return { url: parsed, told, host: ready.addresses[0]!, port: open }
  }
  throw fail(`no endpoints available for service "${name}"`)
}

function x509(why: string): string {
  return `tls: failed to verify certificate: x509: ${why}`
}

/** What Go's HTTP client says where Node's says this. */
function goText(error: NodeJS.ErrnoException, { url, host, port }: Target): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return `dial tcp ${host}:${port}: connect: connection refused`
    case 'EHOSTUNREACH':
      return `dial tcp ${host}:${port}: connect: no route to host`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${url.hostname}: no such host`
    case 'CERT_HAS_EXPIRED':
      return x509('certificate has expired or is not yet valid')
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return x509(`certificate is not valid for ${url.hostname}`)
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return x509('certificate signed by unknown authority')
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'EPROTO':
      return 'http: server gave HTTP response to HTTPS client'
    case 'ECONNRESET':
      return 'EOF'
  }
  return error.message
}
