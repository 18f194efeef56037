/** Proves tokens of ServiceAccounts: issued to kubectl, accepted by the API, and no longer once their owner is gone. */
import { expect, it } from 'vitest'
import { generateKeyPairSync } from 'node:crypto'
import { createApi } from '#sandbox/api/server.ts'
import { PODS } from '#sandbox/client.ts'
import { kubectlNeeds, startKubectlTest } from '../../../helpers/kubectl.ts'
import { createManualClock } from '../../../helpers/manual-clock.ts'
import { describeWith } from '../../../helpers/needs.ts'
import { type TestApi, createTestApi, podManifest } from '../../../helpers/test-api.ts'

const PATH = '/api/v1/namespaces/default/serviceaccounts'

interface TokenRequest {
  status: { token: string; expirationTimestamp: string }
}

it('a token says who it is for, and is good for an hour', async () => {
  const clock = createManualClock(Date.UTC(2026, 10, 22))
  const test = await createTestApi({ clock })
  await test.call('POST', PATH, { body: { metadata: { name: 'robot' } } })
  const { code, body } = await test.call<TokenRequest>('POST', `${PATH}/robot/token`, { body: { spec: {} } })
  expect(code).toBe(201)
  expect(body.status.expirationTimestamp).toBe('2026-11-22T01:00:00Z')
  const { token } = body.status
  expect(JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())).toMatchObject({
    aud: ['https://kubernetes.default.svc.cluster.local'],
    iss: 'https://kubernetes.default.svc.cluster.local',
    sub: 'system:serviceaccount:default:robot',
    'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'robot' } },
  })
  expect(test.api.acceptsToken(token)).toBe(true)
  expect(test.api.acceptsToken(`${token.slice(0, -6)}AAAAAA`)).toBe(false)
  expect(test.api.acceptsToken('a.b.c')).toBe(false)
  await clock.advance(3_600_000)
  expect(test.api.acceptsToken(token)).toBe(false)
})

it('a token for somebody else, or whose pod or account is gone, opens nothing', async () => {
  const test = await createTestApi()
  await test.call('POST', PATH, { body: { metadata: { name: 'robot' } } })
  const pod = await test.client.create(PODS, podManifest('web'))
  const vault = await issue(test, { audiences: ['vault'] })
  const bound = await issue(test, { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web' } })
  const free = await issue(test, {})
  expect([vault, bound, free].map(test.api.acceptsToken)).toEqual([false, true, true])
  await test.client.delete(PODS, pod.metadata)
  expect([bound, free].map(test.api.acceptsToken)).toEqual([false, true])
  await test.call('DELETE', `${PATH}/robot`)
  expect(test.api.acceptsToken(free)).toBe(false)
})

it('a token outlives the API server that issued it, when the key does', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signingKey = Promise.resolve(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  const test = await createTestApi({ signingKey })
  await test.call('POST', PATH, { body: { metadata: { name: 'robot' } } })
  const token = await issue(test, {})
  const node = () => Promise.reject(new Error('no node')) as never
  const next = await createApi({
    store: test.store,
    clock: { now: Date.now, schedule: () => () => {} },
    node,
    signingKey,
  })
  await signingKey
  expect(next.acceptsToken(token)).toBe(true)
})

it('what is asked wrongly is refused', async () => {
  const test = await createTestApi()
  await test.call('POST', PATH, { body: { metadata: { name: 'robot' } } })
  const ask = async (spec: unknown) => {
    const { code, body } = await test.call('POST', `${PATH}/robot/token`, { body: { spec } })
    return `${code} ${body.message}`
  }
  expect(await ask({ expirationSeconds: 60 })).toContain('may not specify a duration less than 10 minutes')
  expect(await ask({ expirationSeconds: null, audiences: null, boundObjectRef: null })).toMatch(/^201/)
  expect(await ask({ boundObjectRef: { kind: 'Pod', name: 'nobody' } })).toBe('404 pods "nobody" not found')
  expect((await test.call('POST', `${PATH}/nobody/token`, { body: {} })).code).toBe(404)
})

describeWith(kubectlNeeds, 'kubectl', () => {
  it('gets a token and logs in with it', async () => {
    const test = await startKubectlTest()
    await test.run('default', 'create', 'serviceaccount', 'robot')
    const token = await test.run('default', 'create', 'token', 'robot', '--duration=1h')
    expect(token.split('.')).toHaveLength(3)
    expect(test.api.acceptsToken(token)).toBe(true)
    expect(await test.run('default', '--token', token, 'get', 'sa', 'robot', '-o', 'name')).toBe(
      'serviceaccount/robot',
    )
    expect(await test.run('default', '--token', `${token}x`, 'get', 'sa')).toContain('Unauthorized')
    await test.stop()
  })
})

async function issue(test: TestApi, spec: Record<string, unknown>): Promise<string> {
  const { body } = await test.call<TokenRequest>('POST', `${PATH}/robot/token`, { body: { spec } })
  return body.status.token
}
