/** When to try again what has failed: Kubernetes' figures. */
import type { CrashBackOff, EndedInstance } from './record.ts'

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy: 10 s, doubled, at most 300 s. */
const FIRST_MS = 10_000
const LONGEST_MS = 300_000
/** A container that ran for so long starts with a clean slate. */
const FORGIVEN_AFTER_MS = 600_000

/** A run that is over, the one before it, and the back-off that is in force. */
export interface RunsSoFar {
  ended: EndedInstance
  before?: EndedInstance
  backOff?: CrashBackOff
}

/**
 * When a container may start again: the first time at once. One that the kubelet itself ended is looked at in the same
 * turn, when it has seen but the end of the run before (doBackOff): if that is long enough ago, it starts at once.
 */
export function restartAtMs({ ended, before, backOff }: RunsSoFar): number {
  const { finishedAtMs, isReplaced } = ended
  if (!isReplaced) return finishedAtMs + waitMs(finishedAtMs, backOff)
  const isAtOnce = !before || before.finishedAtMs + waitMs(before.finishedAtMs, backOff) <= finishedAtMs
  return isAtOnce ? finishedAtMs : finishedAtMs + waitMs(finishedAtMs, backOff)
}

/** The back-off after a restart at `nowMs`; `undefined` while nothing counts against the container. */
export function nextCrashBackOff(
  { ended, before, backOff }: RunsSoFar,
  nowMs: number,
): CrashBackOff | undefined {
  const counted = ended.isReplaced ? before : ended
  if (!counted) return backOff
  const delayMs = isForgiven(counted.finishedAtMs, backOff) ? FIRST_MS : doubled(backOff!.delayMs)
  return { delayMs, atMs: nowMs }
}

/** The wait after a failed pull, `formerMs` being the one before it. */
export function nextPullDelayMs(formerMs: number | undefined): number {
  return formerMs === undefined ? FIRST_MS : doubled(formerMs)
}

/** The wait after a failed mount or sandbox, `formerMs` being the one before it: 0.5 s, doubled, at most 122 s. */
export function nextSetupDelayMs(formerMs: number | undefined): number {
  return formerMs === undefined ? 500 : Math.min(formerMs * 2, 122_000)
}

/** A duration of whole seconds as Go prints it: `10s`, `1m20s`, `5m0s`. */
export function goDuration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}

function waitMs(finishedAtMs: number, backOff: CrashBackOff | undefined): number {
  return isForgiven(finishedAtMs, backOff) ? 0 : backOff!.delayMs
}

function isForgiven(finishedAtMs: number, backOff: CrashBackOff | undefined): boolean {
  return backOff === undefined || finishedAtMs - backOff.atMs > FORGIVEN_AFTER_MS
}

function doubled(ms: number): number {
  return Math.min(ms * 2, LONGEST_MS)
}
