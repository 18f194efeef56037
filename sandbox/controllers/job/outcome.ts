/** How a Job ends, and when a pod that failed is tried again: https://kubernetes.io/docs/concepts/workloads/controllers/job/#handling-pod-and-container-failures */
import type { Job, JobCondition, Pod } from '../../objects.ts'
import { isActive } from '../machinery/pods.ts'
import { type Tally, isFailed } from './tally.ts'

/** Pauses after failures double between these, in milliseconds. */
const BACK_OFF_MS = { first: 10_000, most: 600_000 }

/** Why a Job ends, in Kubernetes' words. */
export interface Outcome {
  isSuccess: boolean
  reason: string
  message: string
}

/** The end that a Job has come to; `undefined` while it goes on. */
export function outcomeOf(job: Job, pods: readonly Pod[], tally: Tally, nowMs: number): Outcome | undefined {
  const decided = job.status.conditions?.find(
    ({ type, status }) => status === 'True' && (type === 'FailureTarget' || type === 'SuccessCriteriaMet'),
  )
  if (decided) return fromCondition(decided)
  const { backoffLimit = 6, completions, template } = job.spec
  const { succeeded, failed } = totals(tally)
  const restarts = template.spec?.restartPolicy === 'OnFailure' ? sumRestarts(pods) : 0
  const isWorn = restarts > 0 && (backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit)
  if (failed > backoffLimit || isWorn) {
    return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit')
  }
  if (nowMs >= deadlineMs(job)) {
    return failure('DeadlineExceeded', 'Job was active longer than specified deadline')
  }
  const isDone = completions === undefined ? succeeded > 0 && !pods.some(isActive) : succeeded >= completions
  if (!isDone) return undefined
  return {
    isSuccess: true,
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  }
}

/** Settled and noted pods together. */
export function totals({ succeeded, failed, uncountedTerminatedPods: open }: Tally) {
  return { succeeded: succeeded + open.succeeded.length, failed: failed + open.failed.length }
}

/** When activeDeadlineSeconds will have passed; Infinity without one. */
export function deadlineMs({ spec, status }: Job): number {
  if (spec.activeDeadlineSeconds === undefined || !status.startTime) return Infinity
  return Date.parse(status.startTime) + spec.activeDeadlineSeconds * 1000
}

/** How many pods there should be now. */
export function wantedActive({ spec }: Job, succeeded: number, active: number): number {
  const { completions, parallelism = 1 } = spec
  if (completions !== undefined) return Math.min(completions - succeeded, parallelism)
  return succeeded > 0 ? active : parallelism
}

/** When the next pod may be made after the failures so far. */
export function retryMs(pods: readonly Pod[]): number {
  const lastSuccess = Math.max(0, ...pods.filter((pod) => pod.status.phase === 'Succeeded').map(endedMs))
  const failures = pods
    .filter(isFailed)
    .map(endedMs)
    .filter((ms) => ms > lastSuccess)
  if (failures.length === 0) return 0
  const pause = Math.min(BACK_OFF_MS.first * 2 ** (failures.length - 1), BACK_OFF_MS.most)
  return Math.max(...failures) + pause
}

function endedMs({ status, metadata }: Pod): number {
  const times = (status.containerStatuses ?? [])
    .map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ''))
    .filter((ms) => !Number.isNaN(ms))
  return times.length > 0 ? Math.max(...times) : Date.parse(metadata.deletionTimestamp ?? '') || 0
}

function sumRestarts(pods: readonly Pod[]): number {
  return pods
    .filter(isActive)
    .flatMap(({ status }) => [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
    .reduce((total, { restartCount }) => total + restartCount, 0)
}

function failure(reason: string, message: string): Outcome {
  return { isSuccess: false, reason, message }
}

function fromCondition({ type, reason = '', message = '' }: JobCondition): Outcome {
  return { isSuccess: type === 'SuccessCriteriaMet', reason, message }
}
