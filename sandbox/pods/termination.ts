/** How a pod ends: who gets SIGTERM when, within one grace period that all containers share. */
import type { Pod } from '../objects.ts'
import type { Action } from './lifecycle.ts'
import { isSidecar, type PodRecord, type RunningInstance } from './record.ts'
import { restarts } from './start-order.ts'

/** The kubelet never gives a container less time between SIGTERM and SIGKILL. */
const SHORTEST_GRACE_MS = 2_000

/** `undefined` while the pod is to go on, else when the grace period of its end runs out. */
export function endOf(pod: Pod, record: PodRecord): { deadlineMs: number } | undefined {
  if (record.deletion) return { deadlineMs: record.deletion.deadlineMs }
  const finishedAtMs = finalFailureOfInit(pod, record) ?? completionOfMains(pod, record)
  if (finishedAtMs === undefined) return undefined
  return { deadlineMs: finishedAtMs + (pod.spec.terminationGracePeriodSeconds ?? 30) * 1000 }
}

/** Whether no container runs or is about to. */
export function isSettled(record: PodRecord): boolean {
  return (
    record.sandbox.is !== 'preparing' &&
    Object.values(record.containers).every(
      ({ instance }) => instance.is === 'absent' || instance.is === 'ended',
    )
  )
}

/**
 * Main containers first and all at once; each native sidecar after all that come behind it have ended,
 * or when the deadline has come:
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-with-sidecar-containers
 */
export function stopContainers(pod: Pod, record: PodRecord, deadlineMs: number, nowMs: number): Action[] {
  const inits = pod.spec.initContainers ?? []
  const sidecars = inits.filter(isSidecar).reverse()
  const first = [...inits.filter((container) => !isSidecar(container)), ...pod.spec.containers]
  const actions: Action[] = []
  for (const turn of [first, ...sidecars.map((sidecar) => [sidecar])]) {
    for (const { name } of turn) {
      const { instance } = record.containers[name]!
      if (instance.is === 'running') actions.push(...stopOne(name, instance, deadlineMs, nowMs))
    }
    const isTurnOver = turn.every(({ name }) => hasNoProcess(record, name))
    if (!isTurnOver && nowMs < deadlineMs) return [...actions, { do: 'wake', atMs: deadlineMs }]
  }
  return actions
}

function stopOne(container: string, instance: RunningInstance, deadlineMs: number, nowMs: number): Action[] {
  const latestMs = Math.max(deadlineMs, nowMs + SHORTEST_GRACE_MS)
  // A second deletion with less grace brings SIGKILL forward.
  if (!instance.stop || latestMs < instance.stop.killAtMs) {
    return [
      { do: 'terminate', container, killAtMs: latestMs },
      { do: 'wake', atMs: latestMs },
    ]
  }
  if (instance.stop.killed) return []
  const { killAtMs } = instance.stop
  return nowMs < killAtMs ? [{ do: 'wake', atMs: killAtMs }] : [{ do: 'kill', container }]
}

function hasNoProcess(record: PodRecord, name: string): boolean {
  const { instance } = record.containers[name]!
  return instance.is === 'absent' || instance.is === 'ended'
}

function finalFailureOfInit(pod: Pod, record: PodRecord): number | undefined {
  for (const container of pod.spec.initContainers ?? []) {
    const { instance } = record.containers[container.name]!
    if (instance.is !== 'ended' || instance.exitCode === 0) continue
    if (!restarts(pod, container, instance.exitCode)) return instance.finishedAtMs
  }
  return undefined
}

function completionOfMains(pod: Pod, record: PodRecord): number | undefined {
  let lastMs = 0
  for (const container of pod.spec.containers) {
    const { instance } = record.containers[container.name]!
    if (instance.is !== 'ended' || restarts(pod, container, instance.exitCode)) return undefined
    lastMs = Math.max(lastMs, instance.finishedAtMs)
  }
  return lastMs
}
