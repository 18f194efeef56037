/** The namespace that a lesson lives in: made, cleared, removed. */
import { ApiError, NAMESPACES, PODS, type KubernetesClient, type Resource } from '../client.ts'
import { WorkshopError } from '../errors.ts'
import type { Connection } from '../kubeconfig.ts'
import type { Manifest, Namespace } from '../objects.ts'
import { listOwnObjects, remove, removeOwnObjects } from '../own-objects.ts'
import { until } from '../until.ts'
import { namespaceOf, type Lesson } from './lesson.ts'

/** The namespace of a lesson in this cluster: one of its own, or the one that the kit was given as a guest. */
export function lessonNamespace(lesson: Lesson, { isGuest, namespace }: Connection): string {
  return isGuest ? namespace : namespaceOf(lesson)
}

/**
 * Ends every pod of a namespace at once and removes it, without waiting for the last of them. From a namespace that
 * the kit did not make it takes only what the kit brought.
 */
export async function removeNamespace(client: KubernetesClient, name: string): Promise<void> {
  const namespace = await findNamespace(client, name)
  if (namespace && !isMadeByKit(namespace)) return await removeOwnObjects(client, name)
  const pods = await client.list(PODS, { namespace: name })
  await Promise.all(pods.items.map(({ metadata }) => remove(client, PODS, metadata, 0)))
  await remove(client, NAMESPACES, { name })
}

/** As {@link removeNamespace}, and returns when it is gone; one that is not there is fine. */
export async function clearNamespace(client: KubernetesClient, name: string): Promise<void> {
  await removeNamespace(client, name)
  const isGone = async () => {
    const namespace = await findNamespace(client, name)
    return !namespace || (!isMadeByKit(namespace) && (await listOwnObjects(client, name)).length === 0)
  }
  if (await until(isGone, { timeoutMs: 30_000 })) return
  throw new WorkshopError(`namespace ${name} does not go away`, `kubectl get all -n ${name}`)
}

/** A namespace that may not be looked at is there, as far as the kit is concerned, and somebody else made it. */
async function findNamespace(client: KubernetesClient, name: string): Promise<Namespace | undefined> {
  try {
    return await client.find(NAMESPACES, { name })
  } catch (error) {
    if (!ApiError.isReason(error, 'Forbidden')) throw error
    return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as Namespace
  }
}

function isMadeByKit({ metadata }: Namespace): boolean {
  return metadata.annotations?.[MADE_BY_KIT] !== undefined
}

/** Makes the namespace unless it is there; one that is just going is waited for. */
export async function ensureNamespace(client: KubernetesClient, name: string): Promise<void> {
  const isReady = async () => {
    const namespace = await findNamespace(client, name)
    const metadata = { name, annotations: { [MADE_BY_KIT]: '' } }
    if (!namespace) await create(client, NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata })
    return !namespace?.metadata.deletionTimestamp
  }
  if (await until(isReady, { timeoutMs: 30_000 })) return
  throw new WorkshopError(`namespace ${name} does not go away`, `kubectl get all -n ${name}`)
}

/** Somebody else may have been faster. */
async function create(client: KubernetesClient, resource: Resource, object: Manifest): Promise<void> {
  try {
    await client.create(resource, object)
  } catch (error) {
    if (!ApiError.isReason(error, 'AlreadyExists')) throw error
  }
}

/** On a namespace: the kit has made it, and may remove it with all that is in it. */
const MADE_BY_KIT = 'sidecar-workshop/made'
