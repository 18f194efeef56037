/** Proves that a cluster carries many pods, that what it costs grows with the answer and not with the past, and that it ends. */
import { readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { CONFIG_MAPS, type KubernetesClient, PODS } from '#sandbox/client.ts'
import { silentProgress as progress } from '#sandbox/cluster.ts'
import { connect, readKubeconfig } from '#sandbox/kubeconfig.ts'
import { createStore } from '#sandbox/store.ts'
import { until } from '#sandbox/until.ts'
import { clusterProcesses, privateBytes } from '../../scripts/measure/cluster-processes.ts'
import { isolatedProvider } from '../helpers/embedded-cluster.ts'
import { isolation } from '../helpers/in-node-namespace.ts'
import { describeWith } from '../helpers/needs.ts'

const NAMESPACE = 'default'
/** `npm run bench api` does it with 200. */
const COUNT = 60
const PATIENCE = { timeoutMs: 45_000, intervalMs: 50 }

const { provider, state } = await isolatedProvider()

describeWith([isolation], 'a cluster', () => {
  it(`runs ${COUNT} pods in little memory of its own, and leaves no process of them`, async () => {
    await provider.start({ progress })
    const client = connect(await readKubeconfig(await provider.kubeconfig()))
    const before = ownBytes()
    for (let number = 0; number < COUNT; number++) await client.create(PODS, idlePod(number))
    expect(await until(async () => (await running(client)) === COUNT, PATIENCE)).toBe(true)
    expect((ownBytes() - before) / COUNT).toBeLessThan(4e6)
    await client.raw('DELETE', `/api/v1/namespaces/${NAMESPACE}/pods`)
    expect(await until(async () => (await client.list(PODS)).items.length === 0, PATIENCE)).toBe(true)
    const left = () =>
      clusterProcesses(state).filter(({ part }) => part === 'wrapper' || part === 'container')
    // Once is enough: another pod's network may be on its way out a moment later.
    const areGone = await until(() => left().length === 0, PATIENCE)
    expect(
      areGone,
      left()
        .map(({ words }) => words)
        .join('\n'),
    ).toBe(true)
  }, 120_000)

  it('shows each of 500 watchers each change, and forgets them when they go', async () => {
    await provider.start({ progress })
    const client = connect(await readKubeconfig(await provider.kubeconfig()))
    const aborter = new AbortController()
    const { resourceVersion } = await client.list(CONFIG_MAPS, { namespace: NAMESPACE })
    let seen = 0
    const watch = async () => {
      const options = { namespace: NAMESPACE, resourceVersion, signal: aborter.signal }
      for await (const { type } of client.watch(CONFIG_MAPS, options)) seen += type === 'ADDED' ? 1 : 0
    }
    const watchers = Array.from({ length: 500 }, watch)
    const names = ['one', 'two', 'three']
    for (const name of names) await client.create(CONFIG_MAPS, configMap(name))
    await until(() => seen === 500 * names.length, PATIENCE)
    expect(seen).toBe(500 * names.length)
    aborter.abort()
    await Promise.all(watchers)
    expect(await until(() => connectionsOfEngine() < 20, PATIENCE)).toBe(true)
  }, 120_000)
})

it('a list and a watch that start now cost the same after 50,000 changes as after 2,000', async () => {
  const store = createStore()
  const metadata = { name: 'web', namespace: NAMESPACE, uid: 'x', resourceVersion: '', creationTimestamp: '' }
  const change = (times: number) => {
    for (let count = 0; count < times; count++) store.put('pods', { apiVersion: 'v1', kind: 'Pod', metadata })
  }
  const costOf = () => {
    const started = performance.now()
    for (let round = 0; round < 5_000; round++) {
      store.list('pods', NAMESPACE)
      store.watch('pods', store.revision(), () => {})()
    }
    return performance.now() - started
  }
  change(2_000)
  costOf()
  const young = costOf()
  change(48_000)
  // 25 times as many changes; the rest is for a busy machine.
  expect(costOf()).toBeLessThan(young * 5 + 100)
})

async function running(client: KubernetesClient): Promise<number> {
  const { items } = await client.list(PODS, { namespace: NAMESPACE })
  return items.filter(({ status }) => status.phase === 'Running').length
}

function idlePod(number: number) {
  const containers = [{ name: 'app', image: 'busybox', command: ['sleep', '1000000'] }]
  const metadata = { name: `idle-${number}`, namespace: NAMESPACE }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers, terminationGracePeriodSeconds: 0 } }
}

function configMap(name: string) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: NAMESPACE } }
}

/** Of the engine and what it keeps beside each container. */
function ownBytes(): number {
  const own = clusterProcesses(state).filter(({ part }) => part === 'engine' || part === 'wrapper')
  return own.reduce((sum, process) => sum + privateBytes(process), 0)
}

function connectionsOfEngine(): number {
  const engine = clusterProcesses(state).find(({ part }) => part === 'engine')
  if (!engine) return Infinity
  const folder = `/proc/${engine.identity.pid}/fd`
  return readdirSync(folder).filter((fd) => readlinkSync(join(folder, fd)).startsWith('socket:')).length
}
