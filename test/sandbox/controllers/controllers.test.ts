/** Proves the scheduler and the life of namespaces, against the real API server. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EVENTS, NAMESPACES, NODES, PODS } from '#sandbox/client.ts'
import { systemClock } from '#sandbox/clock.ts'
import { loadControllers, startControllers } from '#sandbox/controllers/start.ts'
import { DAEMON_SETS } from '#sandbox/kinds.ts'
import { until } from '#sandbox/until.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { type TestApi, createTestApi, podManifest } from '../../helpers/test-api.ts'

let test: TestApi
let controllers: { stop(): void }
beforeEach(async () => {
  test = await createTestApi()
  controllers = await startControllers({ client: test.client, clock: systemClock })
})
afterEach(() => controllers.stop())

const eventually = <T>(condition: () => Promise<T>) => until(condition, { timeoutMs: 5_000 })

describe('the scheduler', () => {
  it('gives a pod the node, and says so as Kubernetes does', async () => {
    await createNode()
    await test.client.create(PODS, podManifest('web'))
    const pod = await eventually(() => findPod((one) => one.spec.nodeName))
    expect(pod?.spec.nodeName).toBe('sidecar-node')
    expect(pod?.status.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True' }])
    const event = await eventually(findEvent)
    expect(event).toMatchObject({
      type: 'Normal',
      reason: 'Scheduled',
      message: 'Successfully assigned default/web to sidecar-node',
      reportingComponent: 'default-scheduler',
    })
  })

  it('keeps a pod waiting until a node fits', async () => {
    await createNode()
    await test.client.create(PODS, podManifest('web', { nodeSelector: { disk: 'ssd' } }))
    const event = await eventually(findEvent)
    expect(event?.message).toBe(
      "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
    )
    await eventually(() => findPod((pod) => pod.status.conditions?.[0]?.reason === 'Unschedulable'))
    await test.client.patch(NODES, { name: 'sidecar-node' }, { metadata: { labels: { disk: 'ssd' } } })
    expect(await eventually(() => findPod((pod) => pod.spec.nodeName))).toBeDefined()
  })

  it('gives a pod the one node that its affinity names', async () => {
    await createNode('another-node')
    await createNode()
    const matchFields = [{ key: 'metadata.name', operator: 'In', values: ['sidecar-node'] }]
    const required = { nodeSelectorTerms: [{ matchFields }] }
    const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: required }
    await test.client.create(PODS, podManifest('web', { affinity: { nodeAffinity } }))
    const pod = await eventually(() => findPod((one) => one.spec.nodeName))
    expect(pod?.spec.nodeName).toBe('sidecar-node')
  })

  async function createNode(name = 'sidecar-node') {
    await test.client.create(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name } })
  }
  async function findPod(condition: (pod: Awaited<ReturnType<typeof getPod>>) => unknown) {
    const pod = await getPod()
    return condition(pod) ? pod : undefined
  }
  const getPod = () => test.client.get(PODS, { namespace: 'default', name: 'web' })
  const findEvent = async () =>
    (await test.client.list(EVENTS, { fieldSelector: 'involvedObject.name=web' })).items[0]
})

it('a DaemonSet whose template names a node has one pod there, and none elsewhere', async () => {
  for (const name of ['one', 'two']) {
    await test.client.create(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name } })
  }
  const metadata = { name: 'agent', namespace: 'default' }
  const labels = { app: 'agent' }
  const template = {
    metadata: { labels },
    spec: { nodeName: 'two', containers: [{ name: 'app', image: 'app' }] },
  }
  await test.client.create(DAEMON_SETS, {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata,
    spec: { selector: { matchLabels: labels }, template },
  })
  const set = await eventually(async () => {
    const one = await test.client.get(DAEMON_SETS, metadata)
    return one.status?.currentNumberScheduled === 1 ? one : undefined
  })
  expect(set?.status).toMatchObject({ desiredNumberScheduled: 1, numberMisscheduled: 0 })
  const { items } = await test.client.list(PODS, { namespace: 'default' })
  expect(items.map(({ spec }) => spec.nodeName)).toEqual(['two'])
})

it('an event is forgotten after an hour', async () => {
  const clock = createManualClock(Date.UTC(2026, 10, 22, 15, 30))
  const { client } = await createTestApi({ clock })
  const { stop } = await startControllers({ client, clock })
  const involvedObject = { kind: 'Pod', namespace: 'default', name: 'web' }
  const metadata = { name: 'web.1', namespace: 'default' }
  await client.create(EVENTS, { apiVersion: 'v1', kind: 'Event', metadata, involvedObject })
  await clock.advance(59 * 60_000)
  expect(await client.find(EVENTS, metadata)).toBeDefined()
  await clock.advance(10 * 60_000)
  expect(await eventually(async () => !(await client.find(EVENTS, metadata)))).toBe(true)
  stop()
})

describe('a namespace', () => {
  it('has a ServiceAccount, and takes all it holds along when it goes', async () => {
    await test.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } })
    const account = '/api/v1/namespaces/team/serviceaccounts/default'
    expect(await eventually(async () => (await test.call('GET', account)).code === 200)).toBe(true)
    const pod = await test.client.create(PODS, {
      ...podManifest('web', { nodeName: 'sidecar-node' }),
      metadata: { name: 'web', namespace: 'team' },
    })
    await test.client.delete(NAMESPACES, { name: 'team' })
    const phase = (await test.client.get(NAMESPACES, { name: 'team' })).status?.phase
    expect(phase).toBe('Terminating')
    const late = await test.call('POST', '/api/v1/namespaces/team/configmaps', {
      body: { metadata: { name: 'c' } },
    })
    expect([late.code, late.body.message]).toEqual([
      403,
      'configmaps "c" is forbidden: unable to create new content in namespace team because it is being terminated',
    ])
    // The pod waits for its kubelet, and the namespace for the pod.
    await eventually(async () => (await test.client.find(PODS, pod.metadata))?.metadata.deletionTimestamp)
    await test.client.delete(PODS, pod.metadata, { gracePeriodSeconds: 0 })
    expect(await eventually(async () => !(await test.client.find(NAMESPACES, { name: 'team' })))).toBe(true)
    expect((await test.call('GET', account)).code).toBe(404)
  })
})

it('every file of controllers/ but start.ts is a controller', async () => {
  const all = await loadControllers()
  expect(all.length).toBeGreaterThan(5)
  for (const start of all) expect(start).toBeTypeOf('function')
})
