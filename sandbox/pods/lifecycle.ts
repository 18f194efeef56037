/** What to do for a pod, and what to say of it: a pure function of its spec, of what was observed, and of the time. */
import type { Pod, PodStatus } from '../objects.ts'
import type { CrashBackOff, PodRecord } from './record.ts'
import { endOf, expiryOf, isSettled, stopCondemned, stopContainers } from './termination.ts'
import { startContainers } from './start-order.ts'
import { podStatus } from './status.ts'

/** One thing to do now. Whoever does it writes the outcome to the record and asks again. */
export type Action =
  /** Mount the volumes and create the sandbox. */
  | { do: 'prepare' }
  /** Look up the image, create and start the container. */
  | { do: 'start'; container: string; attempt: number; crashBackOff?: CrashBackOff }
  /** Run the preStop hook; SIGTERM comes after it or at the end of the grace period. */
  | { do: 'preStop'; container: string }
  /** SIGTERM; SIGKILL follows at `killAtMs` by an action of its own. */
  | { do: 'terminate'; container: string; killAtMs: number }
  | { do: 'kill'; container: string }
  /** Note that the time which activeDeadlineSeconds gave is over. */
  | { do: 'expire' }
  /** Remove the sandbox and the volumes: no container needs them any more. */
  | { do: 'teardown' }
  /** Remove the pod's object from the API. */
  | { do: 'remove' }
  /** Ask again at this time. */
  | { do: 'wake'; atMs: number }

/** The answer to "what now?". */
export interface Decision {
  /** All that the kubelet owns of `pod.status`. */
  status: PodStatus
  actions: Action[]
  /** No container is to start any more, and those that run are to end. */
  isEnding: boolean
}

/**
 * Decides for one pod. `before` is the status that the last decision wrote, or the API's own at first:
 * it keeps lastTransitionTime and the like.
 */
export function decide(pod: Pod, record: PodRecord, before: PodStatus, nowMs: number): Decision {
  const end = endOf(pod, record)
  const isTerminal = end !== undefined && isSettled(record)
  const actions = !end
    ? goOn(pod, record, before, nowMs)
    : isTerminal
      ? cleanUp(record)
      : stopContainers(pod, record, end.deadlineMs, nowMs)
  return {
    status: podStatus(pod, record, before, { isEnding: end !== undefined, isTerminal, nowMs }),
    actions: withOneWake(actions),
    isEnding: end !== undefined,
  }
}

function goOn(pod: Pod, record: PodRecord, before: PodStatus, nowMs: number): Action[] {
  const expiresAtMs = expiryOf(pod, before)
  if (nowMs >= expiresAtMs) return [{ do: 'expire' }]
  const actions = [...stopCondemned(pod, record, nowMs), ...setUp(pod, record, nowMs)]
  return Number.isFinite(expiresAtMs) ? [...actions, { do: 'wake', atMs: expiresAtMs }] : actions
}

function setUp(pod: Pod, record: PodRecord, nowMs: number): Action[] {
  const { sandbox } = record
  if (sandbox.is === 'ready') return startContainers(pod, record, nowMs)
  if (sandbox.is !== 'absent') return []
  const dueMs = sandbox.failure ? sandbox.failure.atMs + sandbox.failure.delayMs : nowMs
  return dueMs <= nowMs ? [{ do: 'prepare' }] : [{ do: 'wake', atMs: dueMs }]
}

function cleanUp(record: PodRecord): Action[] {
  if (record.sandbox.is === 'ready') return [{ do: 'teardown' }]
  const isClean = record.sandbox.is === 'removed' || record.sandbox.is === 'absent'
  return isClean && record.deletion && !record.isRemoved ? [{ do: 'remove' }] : []
}

function withOneWake(actions: Action[]): Action[] {
  const times = actions.flatMap((action) => (action.do === 'wake' ? [action.atMs] : []))
  const rest = actions.filter((action) => action.do !== 'wake')
  return times.length > 0 ? [...rest, { do: 'wake', atMs: Math.min(...times) }] : rest
}
