/** The pods of an owner: found by selector, adopted, let go, made and removed; and what their status means. */
import { ApiError, PODS, type Resource } from '../../client.ts'
import { selectorText, selects } from '../../label-selector.ts'
import type {
  KubeObject,
  LabelSelector,
  Manifest,
  OwnerReference,
  Pod,
  PodTemplateSpec,
} from '../../objects.ts'
import type { ControllerContext } from '../start.ts'
import type { Queue } from './queue.ts'
import type { Record as RecordEvent } from './recorder.ts'

/** An owner of pods, such as a ReplicaSet. */
export type PodOwner = KubeObject & {
  metadata: { namespace: string }
  spec: { selector?: LabelSelector }
}

/** The reference to the controller of an object, if it has one. */
export function controllerOf({ metadata }: KubeObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find((owner) => owner.controller)
}

/** A reference that makes `owner` the controller. */
export function controllerReference({ apiVersion, kind, metadata }: KubeObject): OwnerReference {
  const { name, uid } = metadata
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }
}

/** Puts the owners of `kind` whose pods change into the queue: theirs by reference, or an orphan's by selector. */
export async function followPods<T extends PodOwner>(
  { informers }: ControllerContext,
  resource: Resource<T>,
  queue: Queue,
): Promise<void> {
  await informers.follow(PODS, (pod) => {
    const controller = controllerOf(pod)
    const { namespace, labels } = pod.metadata
    if (controller?.kind === resource.kind) queue.add({ namespace, name: controller.name })
    if (controller) return
    for (const { metadata, spec } of informers.list(resource)) {
      if (metadata.namespace === namespace && selects(spec.selector, labels)) queue.add(metadata)
    }
  })
}

/** The pods of `owner` as they are now. Those without a controller that it selects become its own, others are let go. */
export async function claimPods(context: ControllerContext, owner: PodOwner): Promise<Pod[]> {
  const { client, informers } = context
  const { namespace, uid, deletionTimestamp } = owner.metadata
  const { selector } = owner.spec
  const { items } = await client.list(PODS, { namespace, labelSelector: selectorText(selector) })
  for (const pod of informers.list(PODS)) {
    if (controllerOf(pod)?.uid !== uid || selects(selector, pod.metadata.labels)) continue
    const owners = [{ $patch: 'delete', uid }]
    await changeOwners(context, pod, owners)
  }
  const claimed: Pod[] = []
  for (const pod of items) {
    const controller = controllerOf(pod)
    if (controller?.uid === uid) claimed.push(pod)
    else if (!controller && !deletionTimestamp && !pod.metadata.deletionTimestamp) {
      const adopted = await changeOwners(context, pod, [controllerReference(owner)])
      if (adopted) claimed.push(adopted)
    }
  }
  return claimed
}

/** `undefined` when the pod went meanwhile. */
async function changeOwners(
  { client }: ControllerContext,
  pod: Pod,
  ownerReferences: unknown[],
): Promise<Pod | undefined> {
  try {
    const patch = { metadata: { uid: pod.metadata.uid, ownerReferences } }
    return await client.patch(PODS, pod.metadata, patch, { type: 'application/strategic-merge-patch+json' })
  } catch (error) {
    if (ApiError.isReason(error, 'NotFound') || ApiError.isReason(error, 'Conflict')) return undefined
    throw error
  }
}

/** Makes one pod of the template, and tells so; a refusal is told, and thrown. */
export async function createPod(
  { client }: ControllerContext,
  record: RecordEvent,
  owner: PodOwner,
  template: PodTemplateSpec,
): Promise<void> {
  const { labels, annotations, finalizers } = template.metadata ?? {}
  const manifest: Manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: owner.metadata.namespace,
      generateName: `${owner.metadata.name}-`,
      labels,
      annotations,
      finalizers,
      ownerReferences: [controllerReference(owner)],
    },
    spec: template.spec,
  }
  try {
    const pod = await client.create(PODS, manifest)
    record(owner, {
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: `Created pod: ${pod.metadata.name}`,
    })
  } catch (error) {
    if (error instanceof ApiError) {
      const message = `Error creating: ${error.message}`
      record(owner, { type: 'Warning', reason: 'FailedCreate', message })
    }
    throw error
  }
}

/** Asks for the deletion of a pod, and tells so; one that is gone already is fine. */
export async function deletePod(
  { client }: ControllerContext,
  record: RecordEvent,
  owner: PodOwner,
  pod: Pod,
): Promise<void> {
  try {
    await client.delete(PODS, pod.metadata, { preconditions: { uid: pod.metadata.uid } })
  } catch (error) {
    if (ApiError.isReason(error, 'NotFound')) return
    throw error
  }
  const message = `Deleted pod: ${pod.metadata.name}`
  record(owner, { type: 'Normal', reason: 'SuccessfulDelete', message })
}

/** Whether a pod still counts: it has not ended and is not being deleted. */
export function isActive({ status, metadata }: Pod): boolean {
  return status.phase !== 'Succeeded' && status.phase !== 'Failed' && !metadata.deletionTimestamp
}

/** When a pod became ready, in milliseconds since the epoch; `undefined` for one that is not. */
export function readySince({ status }: Pod): number | undefined {
  const ready = status.conditions?.find((one) => one.type === 'Ready' && one.status === 'True')
  return ready && Date.parse(ready.lastTransitionTime ?? '')
}

/** Whether a pod has been ready for so many seconds. */
export function isAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  const since = readySince(pod)
  if (since === undefined) return false
  return minReadySeconds === 0 || since + minReadySeconds * 1000 <= nowMs
}
