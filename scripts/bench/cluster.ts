/** Benchmark of the embedded cluster: start, pods with container engines beside them, and a whole lesson. */
import { fileURLToPath } from 'node:url'
import { PODS, type KubernetesClient } from '#sandbox/client.ts'
import { openCluster, silentProgress, type ClusterProvider } from '#sandbox/cluster.ts'
import { runCommand } from '#sandbox/command.ts'
import { connect, readKubeconfig } from '#sandbox/kubeconfig.ts'
import type { Manifest } from '#sandbox/objects.ts'
import { openEngines, releaseEngines, type Engine } from '../measure/engines.ts'
import {
  expectSoon,
  NODE_COMMAND,
  SHELL_COMMAND,
  takeTurns,
  twoContainers,
  type PodRunner,
  type PodTimes,
} from '../measure/pod-runner.ts'
import { inTemporaryState } from '../measure/temporary-state.ts'
import { median, timed, timeRow, type Row } from '../measure/row.ts'

const RUNS = 7
const WORKSHOP = fileURLToPath(new URL('../workshop.mjs', import.meta.url))

/** Every figure in milliseconds, median of seven. */
export async function run(): Promise<Row[]> {
  return await inTemporaryState(async () => {
    const provider = await openCluster('embedded')
    return [...(await startRows(provider)), ...(await podRows(provider)), await lessonRow(provider)]
  })
}

async function startRows(provider: ClusterProvider): Promise<Row[]> {
  const fresh: number[] = []
  const again: number[] = []
  for (let attempt = 0; attempt < RUNS; attempt++) {
    fresh.push(await timed(() => provider.start({ progress: silentProgress })))
    await provider.stop({ progress: silentProgress, keepState: true })
    again.push(await timed(() => provider.start({ progress: silentProgress })))
    await provider.stop({ progress: silentProgress })
  }
  return [
    timeRow('cluster start to /readyz, from nothing', fresh),
    timeRow('cluster start to /readyz, state kept', again),
  ]
}

async function podRows(provider: ClusterProvider): Promise<Row[]> {
  const { usable, missing } = await openEngines()
  try {
    await provider.start({ progress: silentProgress })
    const client = connect(await readKubeconfig(await provider.kubeconfig()))
    const runners = [clusterPod(client, SHELL_POD), clusterPod(client, NODE_POD), ...usable]
    const [shell, node, ...others] = (await takeTurns(runners, RUNS)) as [PodTimes, PodTimes, ...PodTimes[]]
    return [
      timeRow('create to first sidecar log line, shell pod', shell.firstLine),
      timeRow('create to first sidecar log line, Node pod', node.firstLine),
      timeRow('delete to gone, shell pod that obeys SIGTERM', shell.gone),
      timeRow('delete to gone, Node pod that obeys SIGTERM', node.gone),
      ...usable.flatMap((engine, at) => engineRows(engine, others[at]!, shell)),
      ...missing,
    ]
  } finally {
    await releaseEngines()
    await provider.stop({ progress: silentProgress })
  }
}

function engineRows({ startName, removeName }: Engine, times: PodTimes, shell: PodTimes): Row[] {
  return [
    timeRow(startName, times.firstLine, besideShellPod(times.firstLine, shell.firstLine)),
    timeRow(removeName, times.gone, besideShellPod(times.gone, shell.gone)),
  ]
}

function besideShellPod(values: number[], shell: number[]): string {
  return `${(median(values) / median(shell)).toFixed(1)} times the cluster's shell pod`
}

function clusterPod(client: KubernetesClient, manifest: Manifest): PodRunner {
  const ref = { namespace: 'default', name: manifest.metadata.name! }
  return {
    async start() {
      await client.create(PODS, manifest)
      await expectSoon(async () => (await client.logs(ref, { container: 'sidecar' }).catch(() => '')) !== '')
    },
    async remove() {
      await client.delete(PODS, ref)
      await expectSoon(async () => (await client.find(PODS, ref)) === undefined)
    },
  }
}

async function lessonRow(provider: ClusterProvider): Promise<Row> {
  const times: number[] = []
  for (let attempt = 0; attempt < RUNS; attempt++) {
    times.push(await timed(playLesson))
    await provider.stop({ progress: silentProgress })
  }
  return timeRow('npm run lesson 1, from nothing to all steps done', times)
}

async function playLesson(): Promise<void> {
  const { exitCode, stdout, stderr } = await runCommand(process.execPath, [WORKSHOP, 'lesson', '1'])
  if (exitCode !== 0) throw new Error(`the lesson failed:\n${stdout}\n${stderr}`)
}

const SHELL_POD = twoContainers('shell', 'busybox', SHELL_COMMAND)
const NODE_POD = twoContainers('node', 'node:24', NODE_COMMAND)
