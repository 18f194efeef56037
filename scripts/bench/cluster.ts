/** Benchmark of the embedded cluster: start, first log line of a sidecar, deletion, and a whole lesson. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PODS, type KubernetesClient } from '#sandbox/client.ts'
import { openCluster, silentProgress } from '#sandbox/cluster.ts'
import { runCommand } from '#sandbox/command.ts'
import { connect, readKubeconfig } from '#sandbox/kubeconfig.ts'
import type { Manifest } from '#sandbox/objects.ts'
import { until } from '#sandbox/until.ts'
import { median, type Row } from './row.ts'

const RUNS = 7
const DEADLINE_MS = 30_000
const WORKSHOP = fileURLToPath(new URL('../workshop.mjs', import.meta.url))

/** Every figure in milliseconds, median of seven. */
export async function run(): Promise<Row[]> {
  return await inTemporaryState(async () => {
    const provider = await openCluster('embedded')
    const fresh: number[] = []
    const again: number[] = []
    for (let attempt = 0; attempt < RUNS; attempt++) {
      fresh.push(await timed(() => provider.start({ progress: silentProgress })))
      await provider.stop({ progress: silentProgress, keepState: true })
      again.push(await timed(() => provider.start({ progress: silentProgress })))
      await provider.stop({ progress: silentProgress })
    }
    await provider.start({ progress: silentProgress })
    const client = connect(await readKubeconfig(await provider.kubeconfig()))
    const shell = await podTimes(client, SHELL_POD)
    const node = await podTimes(client, NODE_POD)
    await provider.stop({ progress: silentProgress })
    const lesson: number[] = []
    for (let attempt = 0; attempt < RUNS; attempt++) {
      lesson.push(await timed(playLesson))
      await provider.stop({ progress: silentProgress })
    }
    return [
      row('cluster start to /readyz, from nothing', fresh),
      row('cluster start to /readyz, state kept', again),
      row('create to first sidecar log line, shell pod', shell.firstLine),
      row('create to first sidecar log line, Node pod', node.firstLine),
      row('delete to gone, shell pod that obeys SIGTERM', shell.gone),
      row('delete to gone, Node pod that obeys SIGTERM', node.gone),
      row('npm run lesson 1, from nothing to all steps done', lesson),
    ]
  })
}

function row(name: string, values: number[]): Row {
  return { name, unit: 'ms', value: median(values), runs: values.length }
}

async function podTimes(
  client: KubernetesClient,
  manifest: Manifest,
): Promise<{ firstLine: number[]; gone: number[] }> {
  const ref = { namespace: 'default', name: manifest.metadata.name! }
  const times = { firstLine: [] as number[], gone: [] as number[] }
  for (let attempt = 0; attempt < RUNS; attempt++) {
    times.firstLine.push(
      await timed(async () => {
        await client.create(PODS, manifest)
        await expectSoon(
          async () => (await client.logs(ref, { container: 'sidecar' }).catch(() => '')) !== '',
        )
      }),
    )
    times.gone.push(
      await timed(async () => {
        await client.delete(PODS, ref)
        await expectSoon(async () => (await client.find(PODS, ref)) === undefined)
      }),
    )
  }
  return times
}

async function expectSoon(condition: () => Promise<boolean>): Promise<void> {
  if (!(await until(condition, { timeoutMs: DEADLINE_MS, intervalMs: 2 }))) {
    throw new Error(`nothing to measure: not seen within ${DEADLINE_MS / 1000} s`)
  }
}

async function playLesson(): Promise<void> {
  const { exitCode, stdout, stderr } = await runCommand(process.execPath, [WORKSHOP, 'lesson', '1'])
  if (exitCode !== 0) throw new Error(`the lesson failed:\n${stdout}\n${stderr}`)
}

async function timed(action: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await action()
  return performance.now() - started
}

/** The learner's own cluster and progress stay out of it. */
async function inTemporaryState<T>(action: () => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecar-bench-'))
  const before = process.env.XDG_STATE_HOME
  process.env.XDG_STATE_HOME = folder
  try {
    return await action()
  } finally {
    await (await openCluster('embedded')).stop({ progress: silentProgress })
    if (before === undefined) delete process.env.XDG_STATE_HOME
    else process.env.XDG_STATE_HOME = before
    await rm(folder, { recursive: true, force: true })
  }
}

function twoContainers(name: string, image: string, command: string[]): Manifest {
  const containers = ['app', 'sidecar'].map((container) => ({ name: container, image, command }))
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec: { containers } }
}

const SHELL_POD = twoContainers('shell', 'busybox', [
  'sh',
  '-c',
  'trap "exit 0" TERM; echo ready; while :; do sleep 1 & wait $!; done',
])

const NODE_POD = twoContainers('node', 'node:24', [
  'node',
  '-e',
  'process.on("SIGTERM", () => process.exit(0)); console.log("ready"); setInterval(() => {}, 1000)',
])
