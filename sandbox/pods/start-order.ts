/** Which containers may start now: init containers in order, native sidecars among them, then the main ones. */
import type { Container, Pod } from '../objects.ts'
import { nextCrashBackOff, restartAtMs } from './back-off.ts'
import type { Action } from './lifecycle.ts'
import {
  ephemeralContainersOf,
  hasInitialized,
  isEphemeral,
  isSidecar,
  type Condemnation,
  type ContainerRecord,
  type EndedInstance,
  type PodRecord,
} from './record.ts'

/** A failed pull shows as ErrImagePull for so long, then as ImagePullBackOff. */
export const PULL_ERROR_SHOWN_MS = 2_000

/**
 * The start or restart that is due first, and the time of the next one that is not due yet. As in the kubelet's
 * SyncPod a pod has one container that starts at a time, and a failed start holds up nobody behind it.
 */
export function startContainers(pod: Pod, record: PodRecord, nowMs: number): Action[] {
  const actions = dueStarts(pod, record, nowMs)
  const isBusy = Object.values(record.containers).some(isInTransition)
  const next = isBusy ? undefined : actions.find((action) => action.do === 'start')
  return actions.filter((action) => action.do !== 'start' || action === next)
}

/** The kubelet does one thing at a time: it waits for a start with its postStart hook, and for a container to end. */
function isInTransition({ instance }: ContainerRecord): boolean {
  return instance.is === 'starting' || (instance.is === 'running' && instance.condemned !== undefined)
}

function dueStarts(pod: Pod, record: PodRecord, nowMs: number): Action[] {
  const start = (container: Container) =>
    startIfDue(pod, container, record.containers[container.name]!, nowMs)
  const inits = pod.spec.initContainers ?? []
  const ephemeral = ephemeralContainersOf(pod).flatMap(start)
  if (hasInitialized(pod, record)) {
    return [...ephemeral, ...[...inits.filter(isSidecar), ...pod.spec.containers].flatMap(start)]
  }
  const frontier = inits.findLastIndex(({ name }) => record.containers[name]!.instance.is !== 'absent')
  // A sidecar that the init phase has left behind restarts on its own, and holds up nobody.
  const behind = inits.slice(0, Math.max(frontier, 0)).filter(isSidecar)
  const actions = [...ephemeral, ...behind.flatMap(start)]
  for (const container of inits.slice(Math.max(frontier, 0))) {
    actions.push(...start(container))
    if (!isPassed(container, record.containers[container.name]!)) return actions
  }
  return [...actions, ...pod.spec.containers.flatMap(start)]
}

/** Whether a container that has ended is to run again, under the pod's restartPolicy or its own. */
export function restarts(
  pod: Pod,
  container: Container,
  { exitCode, isReplaced }: Pick<EndedInstance, 'exitCode' | 'isReplaced'>,
): boolean {
  if (isEphemeral(pod, container)) return false
  if (isSidecar(container) || isReplaced) return true
  const isInit = (pod.spec.initContainers ?? []).includes(container)
  const policy = pod.spec.restartPolicy ?? 'Always'
  if (policy === 'Always') return !isInit || exitCode !== 0
  return policy === 'OnFailure' && exitCode !== 0
}

/** Whether a container that was ended for this reason restarts whatever its exit code. */
export function isReplacedAfter(pod: Pod, because: Condemnation['because']): boolean {
  if (because === 'postStart') return false
  return because === 'definition' || pod.spec.restartPolicy !== 'Never'
}

/** Whether the next init container may start. */
function isPassed(container: Container, { instance }: ContainerRecord): boolean {
  if (isSidecar(container)) return instance.is === 'running' && instance.started
  return instance.is === 'ended' && instance.exitCode === 0
}

function startIfDue(pod: Pod, container: Container, record: ContainerRecord, nowMs: number): Action[] {
  const { instance, failure } = record
  if (instance.is === 'starting' || instance.is === 'running') return []
  if (instance.is === 'ended' && !restarts(pod, container, instance)) return []
  if (failure && nowMs < failure.atMs + failure.delayMs) {
    const shownMs = failure.atMs + PULL_ERROR_SHOWN_MS
    const changes = failure.reason === 'ErrImagePull' && nowMs < shownMs
    return [{ do: 'wake', atMs: changes ? shownMs : failure.atMs + failure.delayMs }]
  }
  if (instance.is === 'absent') {
    return [{ do: 'start', container: container.name, attempt: record.attempt }]
  }
  const runs = { ended: instance, before: record.last, backOff: record.crashBackOff }
  const dueMs = restartAtMs(runs)
  if (nowMs < dueMs) return [{ do: 'wake', atMs: dueMs }]
  const crashBackOff = nextCrashBackOff(runs, nowMs)
  const attempt = record.attempt + 1
  return [{ do: 'start', container: container.name, attempt, ...(crashBackOff ? { crashBackOff } : {}) }]
}
