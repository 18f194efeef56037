/** Benchmark of the embedded cluster's API with 200 pods behind it: requests, watches, memory, forwarded ports. */
import { CONFIG_MAPS, type KubernetesClient, PODS } from '#sandbox/client.ts'
import { openCluster, silentProgress } from '#sandbox/cluster.ts'
import { connect, readKubeconfig } from '#sandbox/kubeconfig.ts'
import { clusterProcesses, privateBytes } from '../measure/cluster-processes.ts'
import { forwardRows } from '../measure/forward.ts'
import { expectSoon } from '../measure/pod-runner.ts'
import { median, timed, timeRow, type Row } from '../measure/row.ts'
import { inTemporaryState } from '../measure/temporary-state.ts'

const RUNS = 5
const NAMESPACE = 'default'
const COUNT = 200
const CONNECTIONS = 16
const RUN_MS = 1_000
const WATCHERS = 100
const CHANGES = 50

/** Rates are medians of five runs of a second each, by one client on the same machine. */
export async function run(): Promise<Row[]> {
  return await inTemporaryState(async (state) => {
    const provider = await openCluster('embedded')
    await provider.start({ progress: silentProgress })
    const kubeconfig = await provider.kubeconfig()
    const client = connect(await readKubeconfig(kubeconfig))
    const forwarded = await forwardRows(client, kubeconfig)
    const before = ownBytes(state)
    const up = await timed(() => createPods(client))
    const perPod = (ownBytes(state) - before) / COUNT / 1e6
    const requests = [
      await rateRow('get of a pod', () => client.get(PODS, { namespace: NAMESPACE, name: 'idle-7' })),
      await rateRow(`list of ${COUNT} pods`, () => client.list(PODS, { namespace: NAMESPACE })),
    ]
    const watches = await watchRows(client)
    const down = await timed(() => deletePods(client))
    return [
      timeRow(`${COUNT} pods of one idle container, created to running`, [up]),
      timeRow(`${COUNT} pods, deleted to gone`, [down]),
      { name: "memory for each pod beyond the container's own", unit: 'MB', value: perPod, runs: 1 },
      ...requests,
      ...watches,
      ...forwarded,
    ]
  })
}

/** What the engine and its wrappers occupy alone: the containers themselves are the learner's. */
function ownBytes(state: string): number {
  const own = clusterProcesses(state).filter(({ part }) => part === 'engine' || part === 'wrapper')
  return own.reduce((sum, process) => sum + privateBytes(process), 0)
}

async function createPods(client: KubernetesClient): Promise<void> {
  const containers = [{ name: 'app', image: 'busybox', command: ['sleep', '1000000'] }]
  const spec = { containers, terminationGracePeriodSeconds: 0 }
  for (let number = 0; number < COUNT; number++) {
    const metadata = { name: `idle-${number}`, namespace: NAMESPACE }
    await client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata, spec })
  }
  await expectSoon(async () => {
    const { items } = await client.list(PODS, { namespace: NAMESPACE })
    return items.filter(({ status }) => status.phase === 'Running').length >= COUNT
  })
}

async function deletePods(client: KubernetesClient): Promise<void> {
  for (let number = 0; number < COUNT; number++)
    await client.delete(PODS, { namespace: NAMESPACE, name: `idle-${number}` })
  await expectSoon(async () => (await client.list(PODS, { namespace: NAMESPACE })).items.length === 0)
}

async function rateRow(what: string, request: () => Promise<unknown>): Promise<Row> {
  const rates: number[] = []
  for (let attempt = 0; attempt < RUNS; attempt++) {
    const endMs = performance.now() + RUN_MS
    let count = 0
    const lane = async () => {
      for (; performance.now() < endMs; count++) await request()
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, lane))
    rates.push((count * 1000) / RUN_MS)
  }
  return { name: what, unit: '1/s', value: median(rates), runs: RUNS, note: `${CONNECTIONS} connections` }
}

/** From before the write to the arrival of its event, at each of the watchers. */
async function watchRows(client: KubernetesClient): Promise<Row[]> {
  const aborter = new AbortController()
  const { resourceVersion } = await client.list(CONFIG_MAPS, { namespace: NAMESPACE })
  const began = new Map<string, number>()
  const times: number[] = []
  async function watch(): Promise<void> {
    const options = { namespace: NAMESPACE, resourceVersion, signal: aborter.signal }
    for await (const { object } of client.watch(CONFIG_MAPS, options)) {
      const startMs = began.get(object.metadata.name)
      if (startMs !== undefined) times.push(performance.now() - startMs)
    }
  }
  const watchers = Array.from({ length: WATCHERS }, watch)
  for (let number = 0; number < CHANGES; number++) {
    const name = `change-${number}`
    began.set(name, performance.now())
    await client.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: NAMESPACE },
    })
    await expectSoon(() => Promise.resolve(times.length === (number + 1) * WATCHERS))
  }
  aborter.abort()
  await Promise.all(watchers)
  const sorted = times.slice(WATCHERS).sort((a, b) => a - b)
  const note = `of ${sorted.length} events`
  const percentile = (part: number) => sorted[Math.floor((sorted.length - 1) * part)]!
  return [
    { name: `write to event, ${WATCHERS} watchers: p50`, unit: 'ms', value: percentile(0.5), runs: 1, note },
    { name: `write to event, ${WATCHERS} watchers: p99`, unit: 'ms', value: percentile(0.99), runs: 1, note },
  ]
}
