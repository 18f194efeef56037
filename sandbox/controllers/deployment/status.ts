/** What a Deployment says of itself: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status */
import { timestamp } from '../../clock.ts'
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../objects.ts'
import { fenceposts, sum, wanted } from './amounts.ts'
import type { Revisions } from './revisions.ts'

/** A condition before it has a time. */
type NewCondition = Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>

/** The conditions with a new one in; times move only where Kubernetes moves them. */
export function withCondition(
  conditions: readonly DeploymentCondition[],
  condition: NewCondition,
  nowMs: number,
): DeploymentCondition[] {
  const before = conditions.find(({ type }) => type === condition.type)
  if (before?.status === condition.status && before.reason === condition.reason) return [...conditions]
  return replaceCondition(conditions, condition, nowMs)
}

function replaceCondition(
  conditions: readonly DeploymentCondition[],
  condition: NewCondition,
  nowMs: number,
): DeploymentCondition[] {
  const before = conditions.find(({ type }) => type === condition.type)
  const now = timestamp(nowMs)
  const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : now
  const others = conditions.filter(({ type }) => type !== condition.type)
  return [...others, { ...condition, lastUpdateTime: now, lastTransitionTime }]
}

/** `Progressing`, with a reason and a text of Kubernetes' own. */
export function progressing(
  reason: string,
  message: string,
  status: 'True' | 'False' | 'Unknown' = 'True',
): NewCondition {
  return { type: 'Progressing', status, reason, message }
}

/** The status of a Deployment with these ReplicaSets. */
export function statusOf(
  deployment: Deployment,
  { newest, old }: Revisions,
  conditions: readonly DeploymentCondition[],
  nowMs: number,
): DeploymentStatus {
  const all = newest ? [newest, ...old] : old
  const { replicas = 1 } = deployment.spec
  const available = sum(all, ({ status }) => status.availableReplicas)
  const counts = {
    replicas: sum(all, ({ status }) => status.replicas),
    updatedReplicas: newest?.status.replicas ?? 0,
    readyReplicas: sum(all, ({ status }) => status.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(all, wanted) - available),
  }
  const hasMinimum = available >= replicas - fenceposts(deployment).maxUnavailable
  return {
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    observedGeneration: deployment.metadata.generation,
    ...(deployment.status.collisionCount ? { collisionCount: deployment.status.collisionCount } : {}),
    conditions: withCondition(
      conditions,
      hasMinimum
        ? {
            type: 'Available',
            status: 'True',
            reason: 'MinimumReplicasAvailable',
            message: 'Deployment has minimum availability.',
          }
        : {
            type: 'Available',
            status: 'False',
            reason: 'MinimumReplicasUnavailable',
            message: 'Deployment does not have minimum availability.',
          },
      nowMs,
    ),
  }
}

/** Whether all pods are of the present template and available. */
export function isComplete({ spec }: Deployment, status: DeploymentStatus): boolean {
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = status
  return [updatedReplicas, replicas, availableReplicas].every((count) => count === spec.replicas)
}

/** The status with its Progressing condition brought up to date, and what a ReplicaSet failed at. */
export function withProgress(
  deployment: Deployment,
  { newest, old }: Revisions,
  status: DeploymentStatus,
  nowMs: number,
): DeploymentStatus {
  const conditions = status.conditions ?? []
  const failure = [...(newest ? [newest] : []), ...old]
    .flatMap((set) => set.status.conditions ?? [])
    .find(({ type }) => type === 'ReplicaFailure')
  const others = conditions.filter(({ type }) => type !== 'ReplicaFailure')
  const told = failure
    ? withCondition(conditions, failure as NewCondition, nowMs)
    : progressOf(deployment, newest, { ...status, conditions: others }, nowMs)
  return { ...status, conditions: told }
}

function progressOf(
  deployment: Deployment,
  newest: ReplicaSet | undefined,
  status: DeploymentStatus,
  nowMs: number,
): DeploymentCondition[] {
  const { conditions = [] } = status
  const current = conditions.find(({ type }) => type === 'Progressing')
  const isDone = (status.replicas ?? 0) === (status.updatedReplicas ?? 0)
  if (isDone && current?.reason === 'NewReplicaSetAvailable') return conditions
  const what = newest ? `ReplicaSet "${newest.metadata.name}"` : `Deployment "${deployment.metadata.name}"`
  if (isComplete(deployment, status)) {
    const done = progressing('NewReplicaSetAvailable', `${what} has successfully progressed.`)
    return withCondition(conditions, done, nowMs)
  }
  if (hasProgressed(deployment.status, status)) {
    const moving = progressing('ReplicaSetUpdated', `${what} is progressing.`)
    return replaceCondition(conditions, moving, nowMs)
  }
  if (deadlineMs(deployment, current) > nowMs) return conditions
  const late = progressing('ProgressDeadlineExceeded', `${what} has timed out progressing.`, 'False')
  return withCondition(conditions, late, nowMs)
}

/** When a rollout without progress will have failed; Infinity when none is going on. */
export function deadlineMs({ spec }: Deployment, current: DeploymentCondition | undefined): number {
  if (!current || current.reason === 'NewReplicaSetAvailable') return Infinity
  return Date.parse(current.lastUpdateTime ?? '') + (spec.progressDeadlineSeconds ?? 600) * 1000
}

function hasProgressed(before: DeploymentStatus, after: DeploymentStatus): boolean {
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    oldPods(after) < oldPods(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  )
}

function oldPods({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus): number {
  return replicas - updatedReplicas
}
