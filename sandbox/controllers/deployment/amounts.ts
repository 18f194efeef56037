/** How many pods a Deployment may have at once: https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/deployment/util/deployment_util.go */
import type { Deployment, ReplicaSet } from '../../objects.ts'

/** Pods above and below the wanted number; both 0 would never get anywhere, so then one may be missing. */
export function fenceposts({ spec }: Deployment): { maxSurge: number; maxUnavailable: number } {
  if (spec.strategy?.type !== 'RollingUpdate') return { maxSurge: 0, maxUnavailable: 0 }
  const { replicas = 1, strategy } = spec
  const maxSurge = amountOf(strategy.rollingUpdate?.maxSurge, replicas, Math.ceil)
  const unavailable = amountOf(strategy.rollingUpdate?.maxUnavailable, replicas, Math.floor)
  const maxUnavailable = maxSurge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, replicas)
  return { maxSurge, maxUnavailable }
}

function amountOf(
  value: number | string | undefined,
  total: number,
  round: (amount: number) => number,
): number {
  return typeof value === 'string' ? round((Number.parseInt(value, 10) * total) / 100) : (value ?? 0)
}

/** How many pods a ReplicaSet is meant to have. */
export function wanted({ spec }: ReplicaSet): number {
  return spec.replicas ?? 1
}

/** The sum over all of `sets`. */
export function sum(sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number | undefined): number {
  return sets.reduce((total, set) => total + (count(set) ?? 0), 0)
}

/** How many pods the newest ReplicaSet may have while the others have what they have. */
export function newSize(deployment: Deployment, all: readonly ReplicaSet[], current: number): number {
  const { replicas = 1, strategy } = deployment.spec
  if (strategy?.type === 'Recreate') return replicas
  const room = replicas + fenceposts(deployment).maxSurge - sum(all, wanted)
  return room <= 0 ? current : current + Math.min(room, replicas - current)
}

/** A new size for some of the old ReplicaSets: first pods that are not available go, then as many as may be missing. */
export function shrink(
  deployment: Deployment,
  newest: ReplicaSet,
  old: readonly ReplicaSet[],
): Map<ReplicaSet, number> {
  const sizes = new Map<ReplicaSet, number>()
  const minAvailable = (deployment.spec.replicas ?? 1) - fenceposts(deployment).maxUnavailable
  const missing = wanted(newest) - (newest.status.availableReplicas ?? 0)
  let spare = sum([newest, ...old], wanted) - minAvailable - missing
  if (spare <= 0) return sizes
  for (const set of old) {
    const { availableReplicas = 0 } = set.status
    const gone = Math.min(spare, wanted(set) - availableReplicas)
    if (gone <= 0) continue
    sizes.set(set, wanted(set) - gone)
    spare -= gone
  }
  let surplus = sum([newest, ...old], ({ status }) => status.availableReplicas) - minAvailable
  for (const set of old) {
    const size = sizes.get(set) ?? wanted(set)
    const gone = Math.min(surplus, size)
    if (gone <= 0) continue
    sizes.set(set, size - gone)
    surplus -= gone
  }
  return sizes
}

/** A new size for each of several ReplicaSets when a Deployment is scaled in the middle of a rollout: its share. */
export function spread(
  deployment: Deployment,
  active: readonly ReplicaSet[],
  former: (set: ReplicaSet) => number,
): Map<ReplicaSet, number> {
  const { replicas = 1 } = deployment.spec
  const allowed = replicas > 0 ? replicas + fenceposts(deployment).maxSurge : 0
  const total = allowed - sum(active, wanted)
  let added = 0
  const bySize = active.toSorted((a, b) => wanted(b) - wanted(a))
  const sizes = new Map<ReplicaSet, number>()
  for (const set of bySize) {
    const fraction = Math.round((wanted(set) * allowed) / former(set)) - wanted(set)
    const left = total - added
    const share = total > 0 ? Math.min(fraction, left) : Math.max(fraction, left)
    sizes.set(set, wanted(set) + share)
    added += share
  }
  const [largest] = bySize
  if (largest) sizes.set(largest, Math.max(0, sizes.get(largest)! + total - added))
  return sizes
}
