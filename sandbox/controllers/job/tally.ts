/** Counts the pods of a Job that ended, each once, whoever deletes it when: https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-tracking-with-finalizers */
import { ApiError, PODS } from '../../client.ts'
import type { Job, JobStatus, Pod } from '../../objects.ts'
import type { ControllerContext } from '../start.ts'

/** Keeps a pod until it has been counted. */
export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking'

/** Whether a pod still waits to be counted. */
export function isTracked({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(TRACKING_FINALIZER) ?? false
}

/** Whether a pod counts as a failure: also one that is deleted before it succeeded. */
export function isFailed({ status, metadata }: Pod): boolean {
  return (
    status.phase === 'Failed' || (status.phase !== 'Succeeded' && metadata.deletionTimestamp !== undefined)
  )
}

/** The part of a status that counts: what is settled, and who is about to be. */
export type Tally = Required<Pick<JobStatus, 'succeeded' | 'failed'>> & {
  uncountedTerminatedPods: { succeeded: string[]; failed: string[] }
}

/** The tally of a Job with its ended pods noted down; those noted before and let go since are settled. */
export function takeTally({ status }: Job, pods: readonly Pod[]): Tally {
  const { uncountedTerminatedPods: noted = {}, succeeded = 0, failed = 0 } = status
  const tracked = pods.filter(isTracked)
  const note = (before: readonly string[] = [], ended: (pod: Pod) => boolean) => {
    const open = tracked.filter(ended).map(({ metadata }) => metadata.uid)
    const settled = before.filter((uid) => !open.includes(uid))
    return { open, settled: settled.length }
  }
  const good = note(noted.succeeded, (pod) => pod.status.phase === 'Succeeded')
  const bad = note(noted.failed, isFailed)
  return {
    succeeded: succeeded + good.settled,
    failed: failed + bad.settled,
    uncountedTerminatedPods: { succeeded: good.open, failed: bad.open },
  }
}

/** Lets a pod go that has been noted down, or whose Job is gone. */
export async function untrack({ client }: ControllerContext, { metadata }: Pod): Promise<void> {
  const patch = {
    metadata: { uid: metadata.uid, '$deleteFromPrimitiveList/finalizers': [TRACKING_FINALIZER] },
  }
  try {
    await client.patch(PODS, metadata, patch, { type: 'application/strategic-merge-patch+json' })
  } catch (error) {
    if (!ApiError.isReason(error, 'NotFound') && !ApiError.isReason(error, 'Conflict')) throw error
  }
}
