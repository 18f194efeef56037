/** The ReplicaSets of a Deployment, one per template: found, made, numbered and scaled. */
import { isDeepStrictEqual } from 'node:util'
import { ApiError } from '../../client.ts'
import { REPLICA_SETS } from '../../kinds.ts'
import { selectorText } from '../../label-selector.ts'
import type { Deployment, PodTemplateSpec, ReplicaSet } from '../../objects.ts'
import { controllerOf, controllerReference } from '../machinery/pods.ts'
import { templateHash } from '../machinery/template-hash.ts'
import type { ControllerContext } from '../start.ts'
import { fenceposts, newSize, wanted } from './amounts.ts'

const HASH = 'pod-template-hash'
const REVISION = 'deployment.kubernetes.io/revision'
const HISTORY = 'deployment.kubernetes.io/revision-history'
const DESIRED = 'deployment.kubernetes.io/desired-replicas'
const MAX = 'deployment.kubernetes.io/max-replicas'
/** Annotations of a Deployment that say nothing about its ReplicaSets. */
const OWN_ANNOTATIONS = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  HISTORY,
  DESIRED,
  MAX,
  'deprecated.deployment.rollback.to',
])

/** The ReplicaSet of the present template, if it exists, and all others, oldest first. */
export interface Revisions {
  newest?: ReplicaSet
  old: ReplicaSet[]
}

/** Reads the ReplicaSets that belong to a Deployment; those without a controller that it selects become its own. */
export async function readRevisions(
  { client }: ControllerContext,
  deployment: Deployment,
): Promise<Revisions> {
  const { namespace, uid, deletionTimestamp } = deployment.metadata
  const labelSelector = selectorText(deployment.spec.selector)
  const { items } = await client.list(REPLICA_SETS, { namespace, labelSelector })
  const own: ReplicaSet[] = []
  for (const set of items) {
    const controller = controllerOf(set)
    if (controller?.uid === uid) own.push(set)
    else if (!controller && !deletionTimestamp) {
      const metadata = { uid: set.metadata.uid, ownerReferences: [controllerReference(deployment)] }
      own.push(await client.patch(REPLICA_SETS, set.metadata, { metadata }))
    }
  }
  own.sort((a, b) => Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp))
  const newest = own.find((set) =>
    isDeepStrictEqual(withoutHash(set.spec.template!), deployment.spec.template),
  )
  return { newest, old: own.filter((set) => set !== newest) }
}

/** Makes the ReplicaSet of the present template; `undefined` when its name is taken by a stranger, so that the caller counts a collision. */
export async function createRevision(
  { client }: ControllerContext,
  deployment: Deployment,
  old: readonly ReplicaSet[],
): Promise<ReplicaSet | undefined> {
  const { template, selector, minReadySeconds } = deployment.spec
  const hash = templateHash(template, deployment.status.collisionCount)
  const { namespace, name } = deployment.metadata
  const labels = { ...template.metadata?.labels, [HASH]: hash }
  const manifest = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      namespace,
      name: `${name}-${hash}`,
      labels,
      annotations: {
        ...inherited(deployment),
        ...sizeAnnotations(deployment),
        [REVISION]: String(nextRevision(old)),
      },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: newSize(deployment, old, 0),
      minReadySeconds,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
  try {
    return await client.create(REPLICA_SETS, manifest)
  } catch (error) {
    if (ApiError.isReason(error, 'AlreadyExists')) return undefined
    throw error
  }
}

/** Gives the newest ReplicaSet the highest revision, and what it inherits from its Deployment. */
export async function numberRevision(
  { client }: ControllerContext,
  deployment: Deployment,
  { newest, old }: Required<Revisions>,
): Promise<ReplicaSet> {
  const before = newest.metadata.annotations ?? {}
  const next = Math.max(nextRevision(old), revisionOf(newest))
  const annotations: Record<string, string> = {
    ...before,
    ...inherited(deployment),
    ...sizeAnnotations(deployment),
    [REVISION]: String(next),
  }
  if (before[REVISION] && next > revisionOf(newest)) {
    annotations[HISTORY] = [before[HISTORY], before[REVISION]].filter(Boolean).join(',')
  }
  const { minReadySeconds } = deployment.spec
  if (isDeepStrictEqual(annotations, before) && newest.spec.minReadySeconds === minReadySeconds) return newest
  return await client.patch(REPLICA_SETS, newest.metadata, {
    metadata: { annotations },
    spec: { minReadySeconds: minReadySeconds ?? null },
  })
}

/** The revision that a ReplicaSet stands for, 0 for one that has no number yet. */
export function revisionOf({ metadata }: ReplicaSet): number {
  return Number(metadata.annotations?.[REVISION] ?? 0)
}

/** Sets the size of a ReplicaSet. */
export async function resize(
  { client }: ControllerContext,
  deployment: Deployment,
  set: ReplicaSet,
  replicas: number,
): Promise<ReplicaSet> {
  return await client.patch(REPLICA_SETS, set.metadata, {
    metadata: { annotations: sizeAnnotations(deployment) },
    spec: { replicas },
  })
}

/** Whether the Deployment was scaled since this ReplicaSet was. */
export function isSizeStale(deployment: Deployment, set: ReplicaSet): boolean {
  const desired = set.metadata.annotations?.[DESIRED]
  return wanted(set) > 0 && desired !== undefined && Number(desired) !== deployment.spec.replicas
}

/** The most pods that the Deployment might have had when this ReplicaSet was last scaled. */
export function formerMaximum(deployment: Deployment, set: ReplicaSet): number {
  return (
    Number(set.metadata.annotations?.[MAX]) || deployment.status.replicas || deployment.spec.replicas || 1
  )
}

/** Writes the revision on the Deployment, where `kubectl rollout` reads it. */
export function revisionAnnotation(set: ReplicaSet): Record<string, string> {
  return { [REVISION]: String(revisionOf(set)) }
}

function nextRevision(old: readonly ReplicaSet[]): number {
  return Math.max(0, ...old.map(revisionOf)) + 1
}

function inherited({ metadata }: Deployment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([key]) => !OWN_ANNOTATIONS.has(key)),
  )
}

function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const { replicas = 1 } = deployment.spec
  return { [DESIRED]: String(replicas), [MAX]: String(replicas + fenceposts(deployment).maxSurge) }
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [HASH]: _, ...labels } = template.metadata?.labels ?? {}
  return { ...template, metadata: { ...template.metadata, labels } }
}
