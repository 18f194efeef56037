/** Proves admission by webhooks over real TLS: what they change, what they refuse, and what happens when they fail. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PODS } from '#sandbox/client.ts'
import { ensureCredentials } from '#sandbox/embedded/credentials.ts'
import { ENDPOINT_SLICES } from '#sandbox/kinds.ts'
import { type TestApi, createTestApi, podManifest } from '../../../helpers/test-api.ts'

interface AdmissionRequest {
  uid: string
  operation: string
  name: string
  dryRun: boolean
  subResource?: string
  userInfo: { username: string }
  object: { metadata: { labels?: Record<string, string> }; spec: { containers: { name: string }[] } } | null
  oldObject: unknown
}

let server: Server
let port: number
let caBundle: string
let test: TestApi
let asked: { path: string; request: AdmissionRequest }[] = []
let answer: (request: AdmissionRequest, path: string) => Record<string, unknown> | undefined
const folder = mkdtempSync(join(tmpdir(), 'webhooks-'))

beforeAll(async () => {
  const { certificate, key } = await ensureCredentials(folder)
  caBundle = Buffer.from(certificate).toString('base64')
  server = createServer({ cert: certificate, key }, async (incoming, outgoing) => {
    const { request } = JSON.parse(await text(incoming)) as { request: AdmissionRequest }
    const path = incoming.url!.split('?')[0]!
    asked.push({ path, request })
    const response = answer(request, path)
    if (!response) return
    const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }
    outgoing.end(JSON.stringify({ ...review, response: { uid: request.uid, ...response } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})
beforeEach(async () => {
  test = await createTestApi()
  asked = []
  answer = () => ({ allowed: true })
})

describe('a mutating webhook', () => {
  it('adds a sidecar, whose defaults are filled in', async () => {
    answer = () => ({ allowed: true, warnings: ['a sidecar was added'], ...patch(ADD_SIDECAR) })
    await configure('Mutating', { reinvocationPolicy: 'Never' })
    const { code, headers, body } = await createPod()
    expect(code).toBe(201)
    expect(headers.get('warning')).toBe('299 - "a sidecar was added"')
    const { containers } = body.spec
    expect(containers[1]).toMatchObject({ name: 'side', imagePullPolicy: 'IfNotPresent' })
    expect(
      asked.map(({ request }) => [request.operation, request.name, request.oldObject, request.dryRun]),
    ).toEqual([['CREATE', 'web', null, false]])
    expect(asked[0]!.request.userInfo.username).toBe('kubernetes-admin')
  })

  it('is asked once more when a later one changed the object, if it wants to', async () => {
    answer = (_request, path) =>
      path === '/second' ? { allowed: true, ...patch(ADD_SIDECAR) } : { allowed: true }
    await configure('Mutating', { reinvocationPolicy: 'IfNeeded' }, '/first')
    await configure('Mutating', {}, '/second')
    await createPod()
    expect(asked.map(({ path }) => path)).toEqual(['/first', '/second', '/first'])
    expect(asked[2]!.request.object!.spec.containers).toHaveLength(2)
  })

  it('that makes an object invalid is found out', async () => {
    answer = () => ({ allowed: true, ...patch([{ op: 'remove', path: '/spec/containers/0/image' }]) })
    await configure('Mutating', {})
    expect((await createPod()).body.message).toBe(
      'Pod "web" is invalid: spec.containers[0].image: Required value',
    )
  })
})

describe('a validating webhook', () => {
  it('refuses in its own words', async () => {
    answer = () => ({ allowed: false, status: { code: 403, message: 'no pods on Sunday' } })
    await configure('Validating', {})
    const { code, body } = await createPod()
    expect([code, body.message]).toEqual([
      403,
      'admission webhook "one.example.com" denied the request: no pods on Sunday',
    ])
    answer = () => ({ allowed: false })
    const silent = await createPod()
    expect([silent.code, silent.body.message]).toEqual([
      400,
      'admission webhook "one.example.com" denied the request without explanation',
    ])
  })

  it('sees updates, their subresources and deletions, as its rules say', async () => {
    await configure('Validating', { rules: [rule(['UPDATE', 'DELETE'], ['pods', 'pods/status'])] })
    await createPod()
    const ref = { namespace: 'default', name: 'web' }
    await test.client.patch(PODS, ref, { metadata: { labels: { a: 'b' } } })
    await test.client.patch(PODS, ref, { status: { phase: 'Running' } }, { subresource: 'status' })
    await test.client.delete(PODS, ref)
    expect(asked.map(({ request }) => [request.operation, request.subResource])).toEqual([
      ['UPDATE', undefined],
      ['UPDATE', 'status'],
      ['DELETE', undefined],
    ])
    expect(asked[2]!.request.object).toBeNull()
  })

  it('is asked only about the namespaces and objects that it selects', async () => {
    await configure('Validating', { objectSelector: { matchLabels: { inject: 'yes' } } })
    await configure('Validating', { namespaceSelector: { matchLabels: { none: 'such' } } }, '/other')
    await createPod()
    await createPod('labelled', { inject: 'yes' })
    expect(asked.map(({ path, request }) => [path, request.name])).toEqual([['/one', 'labelled']])
  })

  it('is asked about a dry run too', async () => {
    await configure('Validating', {})
    const body = podManifest('web')
    expect((await test.call('POST', '/api/v1/namespaces/default/pods?dryRun=All', { body })).code).toBe(201)
    expect(asked[0]!.request.dryRun).toBe(true)
    expect(await test.client.find(PODS, { namespace: 'default', name: 'web' })).toBeUndefined()
  })
})

describe('a webhook that fails', () => {
  const failing = 'Internal error occurred: failed calling webhook "one.example.com": '

  it('stops the request, or not, as its failurePolicy says', async () => {
    server.closeIdleConnections()
    await configure('Validating', { clientConfig: { url: 'https://127.0.0.1:1/one', caBundle } })
    const { code, body } = await createPod()
    expect([code, body.message]).toEqual([
      500,
      `${failing}failed to call webhook: Post "https://127.0.0.1:1/one?timeout=10s": dial tcp 127.0.0.1:1: connect: connection refused`,
    ])
    const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/one'
    const change = [{ op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' }]
    await test.call('PATCH', path, { body: change, type: 'application/json-patch+json' })
    expect((await createPod()).code).toBe(201)
  })

  it('for want of time, trust, a Service or an answer, says so as Kubernetes does', async () => {
    answer = () => undefined
    await configure('Validating', { timeoutSeconds: 1 })
    const url = `https://127.0.0.1:${port}/one`
    const post = (more: string) => `${failing}failed to call webhook: Post "${url}?timeout=1s": ${more}`
    expect((await createPod()).body.message).toBe(post('context deadline exceeded'))
    await configure('Validating', { timeoutSeconds: 1, clientConfig: { url } })
    expect((await createPod()).body.message).toBe(
      post('tls: failed to verify certificate: x509: certificate signed by unknown authority'),
    )
    await configure('Validating', { clientConfig: { service: { namespace: 'default', name: 'none' } } })
    expect((await createPod()).body.message).toBe(
      `${failing}failed to call webhook: Post "https://none.default.svc:443/?timeout=10s": service "none" not found`,
    )
    answer = () => ({ uid: 'another', allowed: true })
    await configure('Validating', {})
    expect((await createPod()).body.message).toMatch(/expected response\.uid="[\w-]+", got "another"$/)
  })
})

it('a webhook behind a Service is reached at a ready endpoint, by the name of the Service', async () => {
  const ref = { namespace: 'default', name: 'kubernetes' }
  await test.client.patch(ENDPOINT_SLICES, ref, {
    endpoints: [{ addresses: ['127.0.0.1'] }],
    ports: [{ name: 'https', port }],
  })
  await configure('Validating', { clientConfig: { service: { ...ref, path: '/review' }, caBundle } })
  expect((await createPod()).code).toBe(201)
  expect(asked.map(({ path }) => path)).toEqual(['/review'])
})

it('a configuration that can not work is refused', async () => {
  const { body } = await configure('Validating', { name: 'short', sideEffects: 'Some', clientConfig: {} })
  expect(body.message).toContain('should be a domain with at least three segments separated by dots')
  expect(body.message).toContain(
    'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
  )
  expect(body.message).toContain(
    'webhooks[0].clientConfig: Required value: exactly one of url or service is required',
  )
})

const ADD_SIDECAR = [{ op: 'add', path: '/spec/containers/-', value: { name: 'side', image: 'busybox:1' } }]

function patch(operations: unknown) {
  return { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') }
}

function rule(operations: string[], resources: string[]) {
  return { operations, apiGroups: [''], apiVersions: ['v1'], resources }
}

/** Writes a configuration of one webhook, named after its path. */
async function configure(kind: 'Mutating' | 'Validating', fields: Record<string, unknown>, path = '/one') {
  const name = path.slice(1)
  const plural = `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}webhookconfigurations`
  const webhook = {
    name: `${name}.example.com`,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    rules: [rule(['CREATE'], ['pods'])],
    clientConfig: { url: `https://127.0.0.1:${port}${path}`, caBundle },
    ...fields,
  }
  await test.call('DELETE', `${plural}/${name}`)
  return await test.call('POST', plural, { body: { metadata: { name }, webhooks: [webhook] } })
}

function createPod(name = 'web', labels: Record<string, string> = {}) {
  const manifest = podManifest(name)
  const body = { ...manifest, metadata: { ...manifest.metadata, labels } }
  return test.call<{ spec: { containers: unknown[] } }>('POST', '/api/v1/namespaces/default/pods', { body })
}
