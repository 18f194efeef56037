/** Proves deletion: grace periods, preconditions, finalizers, collections. */
import { beforeEach, describe, expect, it } from 'vitest'
import { CONFIG_MAPS, PODS } from '#sandbox/client.ts'
import type { ConfigMap, Pod } from '#sandbox/objects.ts'
import { type ManualClock, createManualClock } from '../../../helpers/manual-clock.ts'
import { type TestApi, createTestApi, podManifest } from '../../../helpers/test-api.ts'

const PATH = '/api/v1/namespaces/default/pods/web'
const REF = { namespace: 'default', name: 'web' }

let test: TestApi
let clock: ManualClock
beforeEach(async () => {
  clock = createManualClock(Date.UTC(2026, 10, 22, 15, 30))
  test = await createTestApi({ clock })
})

describe('deleting a pod on a node', () => {
  beforeEach(() => test.client.create(PODS, podManifest('web', { nodeName: 'sidecar-node' })))

  it('waits for its grace period, which a second deletion may only shorten', async () => {
    const first = await test.call<Pod>('DELETE', PATH)
    expect(first.body.metadata).toMatchObject({
      deletionTimestamp: '2026-11-22T15:30:30Z',
      deletionGracePeriodSeconds: 30,
    })
    await test.client.delete(PODS, REF, { gracePeriodSeconds: 60 })
    expect((await test.client.get(PODS, REF)).metadata.deletionGracePeriodSeconds).toBe(30)
    await test.client.delete(PODS, REF, { gracePeriodSeconds: 5 })
    expect((await test.client.get(PODS, REF)).metadata).toMatchObject({
      deletionTimestamp: '2026-11-22T15:30:05Z',
      deletionGracePeriodSeconds: 5,
    })
    await test.client.delete(PODS, REF, { gracePeriodSeconds: 0 })
    expect(await test.client.find(PODS, REF)).toBeUndefined()
  })

  it('refuses to take another pod of that name', async () => {
    const { body } = await test.call('DELETE', PATH, { body: { preconditions: { uid: 'other' } } })
    expect(body.message).toMatch(
      /^Operation cannot be fulfilled on pods "web": Precondition failed: UID in precondition: other, UID in object meta: /,
    )
  })

  it('changes nothing on a dry run', async () => {
    await test.call('DELETE', `${PATH}?dryRun=All`, { body: { gracePeriodSeconds: 0 } })
    expect((await test.client.get(PODS, REF)).metadata.deletionTimestamp).toBeUndefined()
  })
})

it('removes a pod at once that no node runs', async () => {
  await test.client.create(PODS, podManifest('web'))
  await test.client.delete(PODS, REF)
  expect(await test.client.find(PODS, REF)).toBeUndefined()
})

it('keeps an object until its last finalizer is gone', async () => {
  await test.client.create(CONFIG_MAPS, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...REF, finalizers: ['example.com/hold'] },
  })
  await test.client.delete(CONFIG_MAPS, REF)
  const held = await test.client.get(CONFIG_MAPS, REF)
  expect(held.metadata.deletionTimestamp).toBeDefined()
  await test.client.patch(CONFIG_MAPS, REF, { metadata: { finalizers: null } })
  expect(await test.client.find(CONFIG_MAPS, REF)).toBeUndefined()
})

it('deletes of a collection what the selector chooses', async () => {
  for (const name of ['a', 'b', 'c']) {
    await test.client.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'default', labels: { keep: String(name === 'b') } },
    })
  }
  await test.call('DELETE', '/api/v1/namespaces/default/configmaps?labelSelector=keep=false')
  const { items } = await test.client.list<ConfigMap>(CONFIG_MAPS)
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['b'])
})
