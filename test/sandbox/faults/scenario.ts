/** Kills what a cluster is made of, at random moments, while pods come and go and somebody writes to its API. */
import { setTimeout as pause } from 'node:timers/promises'
import { type KubernetesClient, PODS } from '#sandbox/client.ts'
import { type ClusterProvider, silentProgress as progress } from '#sandbox/cluster.ts'
import { connect, readKubeconfig } from '#sandbox/kubeconfig.ts'
import { isAlive, signalProcess } from '#sandbox/process-identity.ts'
import { until } from '#sandbox/until.ts'
import { type Random, createRandom } from '../../helpers/random.ts'
import { NAMESPACE, RESIDENTS, visitor } from './pods.ts'
import {
  type ClusterProcess,
  type Part,
  clusterProcesses,
  residentBytes,
} from '../../../scripts/measure/cluster-processes.ts'
import { type Writer, startWriter } from './writer.ts'

/** What came of it; the lists are empty when all is well. */
export interface FaultReport {
  /** How often each part was killed. */
  kills: Partial<Record<Part, number>>
  /** Processes that outlived the cluster of which a link was killed. */
  orphans: string[]
  /** Objects that the API had acknowledged and does not have, or has again. */
  lost: string[]
  /** Pods that were deleted and did not go. */
  stuck: string[]
  /** Whether a new pod gets ready after all this. */
  isFit: boolean
  acknowledged: number
  /** How much the engine grew in the last quarter of the time. */
  grownBytes: number
}

/** Where to play, and how. */
export interface FaultOptions {
  provider: ClusterProvider
  /** The XDG_STATE_HOME of the provider. */
  state: string
  seed: number
  durationMs: number
}

const CHAIN: readonly Part[] = ['unshare', 'init', 'engine']
const INSIDE: readonly Part[] = ['container', 'wrapper', 'probe', 'container', 'wrapper', 'probe']
const DEADLINE_MS = 30_000

interface Play extends FaultOptions {
  random: Random
  client: KubernetesClient
  writer: Writer
  report: FaultReport
  visits: number
}

/** Kills everything for the first half of the time, then what an engine survives; stops the cluster. */
export async function causeFaults(options: FaultOptions): Promise<FaultReport> {
  const { provider, state, seed, durationMs } = options
  const client = await startCluster(provider)
  for (const pod of RESIDENTS) await client.create(PODS, pod)
  const report = { kills: {}, orphans: [], lost: [], stuck: [], isFit: false, acknowledged: 0, grownBytes: 0 }
  const writer = startWriter(client, NAMESPACE)
  const play: Play = { ...options, random: createRandom(seed), client, writer, report, visits: 0 }
  const began = performance.now()
  await rounds(play, began + durationMs / 2, [...CHAIN, ...INSIDE])
  // An engine that has only begun grows to its working size first.
  await rounds(play, began + durationMs * 0.75, INSIDE)
  const before = engineBytes(state)
  await rounds(play, began + durationMs, INSIDE)
  play.report.grownBytes = engineBytes(state) - before
  await writer.stop()
  play.report.acknowledged = writer.acknowledged()
  await judge(play)
  const last = clusterProcesses(state)
  await provider.stop({ progress })
  await noteOrphans(play, last)
  return play.report
}

async function rounds(play: Play, endMs: number, parts: readonly Part[]): Promise<void> {
  while (performance.now() < endMs) {
    // The moment is what is random here.
    await pause(play.random.int(600))
    const victim = await find(play, play.random.pick(parts))
    if (!victim) continue
    const all = clusterProcesses(play.state)
    signalProcess(victim.identity, 'SIGKILL')
    play.report.kills[victim.part] = (play.report.kills[victim.part] ?? 0) + 1
    if (CHAIN.includes(victim.part)) await comeBack(play, all)
    await visit(play)
  }
}

/** Not every part is there at every moment: a probe comes and goes. */
async function find({ state, random }: Play, part: Part): Promise<ClusterProcess | undefined> {
  const candidates = () => clusterProcesses(state).filter((process) => process.part === part)
  const found = await until(() => candidates().length > 0 && candidates(), { timeoutMs: 1_500 })
  return found && found.length > 0 ? random.pick(found) : undefined
}

async function comeBack(play: Play, all: readonly ClusterProcess[]): Promise<void> {
  await noteOrphans(play, all)
  play.client = await startCluster(play.provider)
  play.writer.use(play.client)
  play.report.lost.push(...(await play.writer.lost()))
}

/** One pod comes and the one before it goes; what a dying cluster refuses is left. */
async function visit(play: Play): Promise<void> {
  const former = { namespace: NAMESPACE, name: `visitor-${play.visits}` }
  play.visits += 1
  await play.client.create(PODS, visitor(play.visits)).catch(() => {})
  await play.client.delete(PODS, former).catch(() => {})
}

async function noteOrphans({ report }: Play, all: readonly ClusterProcess[]): Promise<void> {
  const alive = () => all.filter(({ identity }) => isAlive(identity))
  await until(() => alive().length === 0, { timeoutMs: 10_000 })
  report.orphans.push(...alive().map(({ part, words }) => `${part}: ${words}`))
}

async function judge({ client, writer, report, visits }: Play): Promise<void> {
  report.lost.push(...(await writer.lost()))
  const all = async () => (await client.list(PODS, { namespace: NAMESPACE })).items
  for (const { metadata } of RESIDENTS) {
    if (!(await client.find(PODS, { ...metadata, name: metadata.name! }))) report.lost.push(metadata.name!)
  }
  for (const { metadata } of await all()) await client.delete(PODS, metadata).catch(() => {})
  await until(async () => (await all()).length === 0, { timeoutMs: DEADLINE_MS })
  report.stuck.push(...(await all()).map((pod) => `${pod.metadata.name}: ${JSON.stringify(pod.status)}`))
  const last = visitor(visits + 1)
  await client.create(PODS, last)
  const isReady = async () => {
    const pod = await client.get(PODS, { namespace: NAMESPACE, name: last.metadata.name! })
    return pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
  }
  report.isFit = (await until(isReady, { timeoutMs: DEADLINE_MS })) === true
}

async function startCluster(provider: ClusterProvider): Promise<KubernetesClient> {
  await provider.start({ progress })
  return connect(await readKubeconfig(await provider.kubeconfig()))
}

function engineBytes(state: string): number {
  const engine = clusterProcesses(state).find(({ part }) => part === 'engine')
  if (!engine) throw new Error('the engine does not run')
  return residentBytes(engine)
}
