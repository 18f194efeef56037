/** Runs Jobs to their end: https://kubernetes.io/docs/concepts/workloads/controllers/job/ */
import { isDeepStrictEqual } from 'node:util'
import { type ObjectRef, PODS, objectPath } from '../client.ts'
import { timestamp } from '../clock.ts'
import { JOBS } from '../kinds.ts'
import type { Job, JobCondition, JobStatus, Pod } from '../objects.ts'
import { type Outcome, deadlineMs, outcomeOf, retryMs, totals, wantedActive } from './job/outcome.ts'
import { TRACKING_FINALIZER, isFailed, isTracked, takeTally, untrack } from './job/tally.ts'
import {
  claimPods,
  controllerOf,
  createPod,
  deletePod,
  followPods,
  isActive,
  readySince,
} from './machinery/pods.ts'
import { createQueue } from './machinery/queue.ts'
import { type Record as RecordEvent, createRecorder } from './machinery/recorder.ts'
import type { ControllerContext } from './start.ts'

/** Works until the signal aborts. */
export async function startController(context: ControllerContext): Promise<void> {
  const record = createRecorder(context, 'job-controller')
  const queue = createQueue(context, async (ref) => {
    const waitMs = await reconcile(context, record, ref)
    if (waitMs !== undefined && Number.isFinite(waitMs)) queue.addAfter(ref, Math.max(0, waitMs))
  })
  await context.informers.follow(JOBS, ({ metadata }) => queue.add(metadata))
  await followPods(context, JOBS, queue)
}

/** Answers the milliseconds until time alone will change something. */
async function reconcile(
  context: ControllerContext,
  record: RecordEvent,
  ref: ObjectRef,
): Promise<number | undefined> {
  const job = await context.client.find(JOBS, ref)
  if (!job || job.metadata.deletionTimestamp) return void (await releasePods(context, ref))
  const now = context.clock.now()
  const end = job.status.conditions?.find(
    ({ type, status }) => status === 'True' && (type === 'Complete' || type === 'Failed'),
  )
  if (end) {
    await releasePods(context, ref)
    return await expire(context, job, end, now)
  }
  job.status.startTime ??= timestamp(now)
  const pods = await claimPods(context, job)
  const tally = takeTally(job, pods)
  const outcome = outcomeOf(job, pods, tally, now)
  const active = pods.filter(isActive)
  if (outcome) {
    await writeStatus(context, record, job, pods, outcome)
    for (const pod of active) await deletePod(context, record, job, pod)
    return undefined
  }
  const dueMs = await manage(context, record, job, pods)
  await writeStatus(context, record, job, pods, undefined)
  return Math.min(dueMs, deadlineMs(job)) - now
}

/** Makes or removes pods; answers when the next may be made, Infinity when none is missing. */
async function manage(
  context: ControllerContext,
  record: RecordEvent,
  job: Job,
  pods: readonly Pod[],
): Promise<number> {
  const active = pods.filter(isActive)
  const wanted = wantedActive(job, totals(takeTally(job, pods)).succeeded, active.length)
  for (const pod of active.slice(Math.max(0, wanted))) await deletePod(context, record, job, pod)
  if (active.length >= wanted) return Infinity
  const dueMs = retryMs(pods)
  if (dueMs > context.clock.now()) return dueMs
  const { metadata, spec } = job.spec.template
  const finalizers = [...(metadata?.finalizers ?? []), TRACKING_FINALIZER]
  for (let count = active.length; count < wanted; count += 1) {
    await createPod(context, record, job, { spec, metadata: { ...metadata, finalizers } })
  }
  return Infinity
}

/** First the pods that ended are noted in the status, then they are let go, so that none is counted twice or never. */
async function writeStatus(
  context: ControllerContext,
  record: RecordEvent,
  job: Job,
  pods: readonly Pod[],
  outcome: Outcome | undefined,
): Promise<void> {
  const now = context.clock.now()
  const tally = takeTally(job, pods)
  const open = tally.uncountedTerminatedPods
  const active = pods.filter(isActive)
  const ended = pods.filter((pod) => isTracked(pod) && (pod.status.phase === 'Succeeded' || isFailed(pod)))
  const terminating = pods.filter(
    ({ metadata, status }) =>
      metadata.deletionTimestamp && status.phase !== 'Succeeded' && status.phase !== 'Failed',
  )
  const conditions = job.status.conditions ?? []
  const isOver = outcome && active.length + ended.length + terminating.length === 0
  const status: JobStatus = {
    ...(active.length > 0 ? { active: active.length } : {}),
    ...(tally.succeeded > 0 ? { succeeded: tally.succeeded } : {}),
    ...(tally.failed > 0 ? { failed: tally.failed } : {}),
    ready: active.filter((pod) => readySince(pod) !== undefined).length,
    terminating: terminating.length,
    startTime: job.status.startTime,
    uncountedTerminatedPods: Object.fromEntries(Object.entries(open).filter(([, uids]) => uids.length > 0)),
    ...(isOver && outcome.isSuccess ? { completionTime: timestamp(now) } : {}),
    ...(outcome ? { conditions: withOutcome(conditions, outcome, Boolean(isOver), now) } : {}),
  }
  if (!isDeepStrictEqual(status, job.status)) {
    await context.client.replace(JOBS, { ...job, status }, 'status')
    if (isOver) tellEnd(record, job, outcome)
  }
  for (const pod of ended) await untrack(context, pod)
}

function withOutcome(
  before: readonly JobCondition[],
  { isSuccess, reason, message }: Outcome,
  isOver: boolean,
  nowMs: number,
): JobCondition[] {
  const types = isSuccess ? ['SuccessCriteriaMet', 'Complete'] : ['FailureTarget', 'Failed']
  const now = timestamp(nowMs)
  const added = types
    .slice(0, isOver ? 2 : 1)
    .filter((type) => !before.some((one) => one.type === type))
    .map((type) => ({
      type,
      status: 'True',
      lastProbeTime: now,
      lastTransitionTime: now,
      reason,
      message,
    }))
  return [...before, ...added]
}

function tellEnd(record: RecordEvent, job: Job, { isSuccess, reason, message }: Outcome): void {
  if (isSuccess) record(job, { type: 'Normal', reason: 'Completed', message: 'Job completed' })
  else record(job, { type: 'Warning', reason, message })
}

/** Deletes a finished Job when its time is up: https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/ */
async function expire(
  { client }: ControllerContext,
  job: Job,
  end: JobCondition,
  now: number,
): Promise<number | undefined> {
  const { ttlSecondsAfterFinished: ttl } = job.spec
  if (ttl === undefined) return undefined
  const leftMs = Date.parse(end.lastTransitionTime ?? '') + ttl * 1000 - now
  if (leftMs > 0) return leftMs
  const { uid, resourceVersion } = job.metadata
  const body = { preconditions: { uid, resourceVersion }, propagationPolicy: 'Foreground' }
  await client.json('DELETE', objectPath(JOBS, job.metadata), body)
  return undefined
}

/** Pods of a Job that is over or gone have nobody who would count them. */
async function releasePods(context: ControllerContext, { namespace, name }: ObjectRef): Promise<void> {
  for (const pod of context.informers.list(PODS)) {
    const controller = controllerOf(pod)
    if (!isTracked(pod) || pod.metadata.namespace !== namespace) continue
    if (controller && (controller.kind !== 'Job' || controller.name !== name)) continue
    if (!controller && !pod.metadata.deletionTimestamp) continue
    await untrack(context, pod)
  }
}
