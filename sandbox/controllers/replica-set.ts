/** Keeps as many pods as each ReplicaSet wants: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/ */
import { isDeepStrictEqual } from 'node:util'
import { type ObjectRef } from '../client.ts'
import { timestamp } from '../clock.ts'
import { messageOf } from '../errors.ts'
import { REPLICA_SETS } from '../kinds.ts'
import { selects } from '../label-selector.ts'
import type { Pod, ReplicaSet } from '../objects.ts'
import {
  claimPods,
  createPod,
  deletePod,
  followPods,
  isActive,
  isAvailable,
  readySince,
} from './machinery/pods.ts'
import { createQueue } from './machinery/queue.ts'
import { type Record as RecordEvent, createRecorder } from './machinery/recorder.ts'
import type { ControllerContext } from './start.ts'

/** Works until the signal aborts. */
export async function startController(context: ControllerContext): Promise<void> {
  const record = createRecorder(context, 'replicaset-controller')
  const queue = createQueue(context, async (ref) => {
    const waitMs = await reconcile(context, record, ref)
    if (waitMs !== undefined) queue.addAfter(ref, waitMs)
  })
  await context.informers.follow(REPLICA_SETS, ({ metadata }) => queue.add(metadata))
  await followPods(context, REPLICA_SETS, queue)
}

/** Answers the milliseconds until a pod will have been ready for long enough. */
async function reconcile(
  context: ControllerContext,
  record: RecordEvent,
  ref: ObjectRef,
): Promise<number | undefined> {
  const set = await context.client.find(REPLICA_SETS, ref)
  if (!set) return undefined
  const pods = (await claimPods(context, set)).filter(isActive)
  let problem: unknown
  if (!set.metadata.deletionTimestamp) {
    try {
      await scale(context, record, set, pods)
    } catch (error) {
      problem = error
    }
  }
  await writeStatus(context, set, pods, problem)
  if (problem !== undefined) throw problem
  const { minReadySeconds = 0 } = set.spec
  const now = context.clock.now()
  const waits = pods
    .map((pod) => (readySince(pod) ?? -Infinity) + minReadySeconds * 1000 - now)
    .filter((ms) => ms > 0)
  return waits.length > 0 ? Math.min(...waits) : undefined
}

async function scale(
  context: ControllerContext,
  record: RecordEvent,
  set: ReplicaSet,
  pods: Pod[],
): Promise<void> {
  const { replicas = 1, template } = set.spec
  for (let count = pods.length; count < replicas; count += 1) {
    await createPod(context, record, set, template!)
  }
  const doomed = pods.toSorted(byWorth).slice(0, Math.max(0, pods.length - replicas))
  for (const pod of doomed) await deletePod(context, record, set, pod)
}

/** Which pod goes first: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#scaling-a-replicaset */
function byWorth(a: Pod, b: Pod): number {
  const phases = ['Pending', 'Unknown', 'Running']
  return (
    Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName)) ||
    phases.indexOf(a.status.phase ?? '') - phases.indexOf(b.status.phase ?? '') ||
    Number(readySince(a) !== undefined) - Number(readySince(b) !== undefined) ||
    deletionCost(a) - deletionCost(b) ||
    (readySince(b) ?? 0) - (readySince(a) ?? 0) ||
    restarts(b) - restarts(a) ||
    Date.parse(b.metadata.creationTimestamp) - Date.parse(a.metadata.creationTimestamp)
  )
}

function deletionCost({ metadata }: Pod): number {
  return Number(metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0)
}

function restarts({ status }: Pod): number {
  return Math.max(0, ...(status.containerStatuses ?? []).map(({ restartCount }) => restartCount))
}

async function writeStatus(
  { client, clock }: ControllerContext,
  set: ReplicaSet,
  pods: Pod[],
  problem: unknown,
): Promise<void> {
  const now = clock.now()
  const { minReadySeconds = 0, template } = set.spec
  const labels = template?.metadata?.labels
  const counts = {
    replicas: pods.length,
    fullyLabeledReplicas: pods.filter((pod) => selects({ matchLabels: labels }, pod.metadata.labels)).length,
    readyReplicas: pods.filter((pod) => readySince(pod) !== undefined).length,
    availableReplicas: pods.filter((pod) => isAvailable(pod, minReadySeconds, now)).length,
  }
  const status = {
    ...Object.fromEntries(Object.entries(counts).filter(([name, count]) => count > 0 || name === 'replicas')),
    observedGeneration: set.metadata.generation,
    ...(problem === undefined ? {} : { conditions: [failureCondition(problem, set, now)] }),
  } as ReplicaSet['status']
  if (isDeepStrictEqual(status, set.status)) return
  await client.replace(REPLICA_SETS, { ...set, status }, 'status')
}

function failureCondition(problem: unknown, set: ReplicaSet, now: number) {
  const before = set.status.conditions?.find(({ type }) => type === 'ReplicaFailure')
  return {
    type: 'ReplicaFailure',
    status: 'True',
    reason: 'FailedCreate',
    message: messageOf(problem),
    lastTransitionTime: before?.lastTransitionTime ?? timestamp(now),
  }
}
