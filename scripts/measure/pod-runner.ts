/** The pods that are measured, and what it means to run one: the same for the cluster and for other engines. */
import type { Manifest } from '#sandbox/objects.ts'
import { until } from '#sandbox/until.ts'
import { timed } from './row.ts'

const DEADLINE_MS = 30_000

/** One way to run a pod. */
export interface PodRunner {
  /** From nothing to the first line of the sidecar's log. */
  start(): Promise<void>
  /** Until nothing of it is left. */
  remove(): Promise<void>
}

/** One value per turn, in milliseconds. */
export interface PodTimes {
  firstLine: number[]
  gone: number[]
}

/** Taking turns, so that whatever else the machine does slows all of them alike. */
export async function takeTurns(runners: readonly PodRunner[], turns: number): Promise<PodTimes[]> {
  const times = runners.map((): PodTimes => ({ firstLine: [], gone: [] }))
  for (let turn = 0; turn < turns; turn++) {
    for (const [at, runner] of runners.entries()) {
      times[at]!.firstLine.push(await timed(() => runner.start()))
      times[at]!.gone.push(await timed(() => runner.remove()))
    }
  }
  return times
}

/** Throws when the condition does not hold within 30 s. */
export async function expectSoon(condition: () => Promise<boolean>): Promise<void> {
  if (!(await until(condition, { timeoutMs: DEADLINE_MS, intervalMs: 2 }))) {
    throw new Error(`nothing to measure: not seen within ${DEADLINE_MS / 1000} s`)
  }
}

/** A pod whose containers, `app` and `sidecar`, do the same. */
export function twoContainers(name: string, image: string, command: readonly string[]): Manifest {
  const containers = ['app', 'sidecar'].map((container) => ({ name: container, image, command }))
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec: { containers } }
}

/** Says `ready`, then waits; obeys SIGTERM. */
export const SHELL_COMMAND: readonly string[] = [
  'sh',
  '-c',
  'trap "exit 0" TERM; echo ready; while :; do sleep 1 & wait $!; done',
]

/** Like {@link SHELL_COMMAND}, in Node. */
export const NODE_COMMAND: readonly string[] = [
  'node',
  '-e',
  'process.on("SIGTERM", () => process.exit(0)); console.log("ready"); setInterval(() => {}, 1000)',
]
