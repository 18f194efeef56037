/** How containers end: preStop hooks, who gets SIGTERM when, and the one grace period that all of a pod share. */
import type { Container, Pod, PodStatus } from '../objects.ts'
import type { Action } from './lifecycle.ts'
import {
  containersOf,
  ephemeralContainersOf,
  isSidecar,
  type Condemnation,
  type PodRecord,
  type RunningInstance,
} from './record.ts'
import { restarts } from './start-order.ts'

/** The kubelet never gives a container less time between SIGTERM and SIGKILL. */
const SHORTEST_GRACE_MS = 2_000

/** What a pod gets that is evicted at once. */
const EVICTION_GRACE_MS = 1_000

/** What the status of a pod says that outlived its activeDeadlineSeconds. */
export const EXPIRED = {
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
}

/** `undefined` while the pod is to go on, else when the grace period of its end runs out. */
export function endOf(pod: Pod, record: PodRecord): { deadlineMs: number } | undefined {
  if (record.deletion) return { deadlineMs: record.deletion.deadlineMs }
  if (record.evicted) return { deadlineMs: record.evicted.atMs + EVICTION_GRACE_MS }
  const endedAtMs = record.expiredAtMs ?? finalFailureOfInit(pod, record) ?? completionOfMains(pod, record)
  return endedAtMs === undefined ? undefined : { deadlineMs: endedAtMs + graceMsOf(pod) }
}

/** When activeDeadlineSeconds are over, counted from the pod's startTime; Infinity for a pod without. */
export function expiryOf(pod: Pod, { startTime }: PodStatus): number {
  const { activeDeadlineSeconds } = pod.spec
  if (activeDeadlineSeconds === undefined || !startTime) return Infinity
  return Date.parse(startTime) + activeDeadlineSeconds * 1000
}

/** Whether no container runs or is about to. */
export function isSettled(record: PodRecord): boolean {
  return (
    record.sandbox.is !== 'preparing' &&
    Object.keys(record.containers).every((name) => hasNoProcess(record, name))
  )
}

/**
 * PreStop hooks of all containers at once. Then SIGTERM: for main containers after their own hooks, for each native
 * sidecar after all that come behind it have ended, and for all of them when the deadline has come:
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-with-sidecar-containers,
 * the kubelet's killContainer and KEP-753.
 */
export function stopContainers(pod: Pod, record: PodRecord, deadlineMs: number, nowMs: number): Action[] {
  const inits = pod.spec.initContainers ?? []
  const sidecars = inits.filter(isSidecar).reverse()
  const plain = inits.filter((container) => !isSidecar(container))
  const first = [...plain, ...pod.spec.containers, ...ephemeralContainersOf(pod)]
  const actions: Action[] = []
  let isTurn = true
  for (const turn of [first, ...sidecars.map((sidecar) => [sidecar])]) {
    for (const container of turn) {
      const { instance } = record.containers[container.name]!
      if (instance.is !== 'running') continue
      actions.push(...stopOne(container, instance, { deadlineMs, nowMs, isTurn }))
    }
    isTurn &&= turn.every(({ name }) => hasNoProcess(record, name))
  }
  return actions
}

/** Ends the containers that are to end while their pod goes on. */
export function stopCondemned(pod: Pod, record: PodRecord, nowMs: number): Action[] {
  return containersOf(pod).flatMap((container) => {
    const { instance } = record.containers[container.name]!
    if (instance.is !== 'running' || !instance.condemned) return []
    const deadlineMs = instance.condemned.atMs + graceMsOf(pod, container, instance.condemned)
    return stopOne(container, instance, { deadlineMs, nowMs, isTurn: true })
  })
}

/** When the last main container ended, if none of them is to run again. */
export function completionOfMains(pod: Pod, record: PodRecord): number | undefined {
  let lastMs = 0
  for (const container of pod.spec.containers) {
    const { instance } = record.containers[container.name]!
    if (instance.is !== 'ended' || restarts(pod, container, instance)) return undefined
    lastMs = Math.max(lastMs, instance.finishedAtMs)
  }
  return lastMs
}

function stopOne(
  container: Container,
  { stop = {} }: RunningInstance,
  { deadlineMs, nowMs, isTurn }: { deadlineMs: number; nowMs: number; isTurn: boolean },
): Action[] {
  const { name } = container
  if (stop.killAtMs === undefined && nowMs < deadlineMs) {
    const hasHook = container.lifecycle?.preStop !== undefined
    const wake: Action = { do: 'wake', atMs: deadlineMs }
    if (hasHook && !stop.preStop) return [{ do: 'preStop', container: name }, wake]
    if (stop.preStop === 'running' || !isTurn) return [wake]
  }
  const latestMs = Math.max(deadlineMs, nowMs + SHORTEST_GRACE_MS)
  // A second deletion with less grace brings SIGKILL forward.
  if (stop.killAtMs === undefined || latestMs < stop.killAtMs) {
    return [
      { do: 'terminate', container: name, killAtMs: latestMs },
      { do: 'wake', atMs: latestMs },
    ]
  }
  if (stop.killed) return []
  return nowMs < stop.killAtMs ? [{ do: 'wake', atMs: stop.killAtMs }] : [{ do: 'kill', container: name }]
}

function hasNoProcess(record: PodRecord, name: string): boolean {
  const { instance } = record.containers[name]!
  return instance.is === 'absent' || instance.is === 'ended'
}

function finalFailureOfInit(pod: Pod, record: PodRecord): number | undefined {
  for (const container of pod.spec.initContainers ?? []) {
    const { instance } = record.containers[container.name]!
    if (instance.is !== 'ended' || instance.exitCode === 0) continue
    if (!restarts(pod, container, instance)) return instance.finishedAtMs
  }
  return undefined
}

/** A probe may bring its own: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/ */
function graceMsOf(pod: Pod, container?: Container, condemned?: Condemnation): number {
  const probes = { liveness: container?.livenessProbe, startup: container?.startupProbe }
  const because = condemned?.because
  const probe = because === 'liveness' || because === 'startup' ? probes[because] : undefined
  const seconds = probe?.terminationGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30
  return seconds * 1000
}
