/** What the kit has brought to a namespace, told by an annotation, and how it is taken away again. */
import {
  ApiError,
  CONFIG_MAPS,
  PODS,
  type KubernetesClient,
  type ObjectRef,
  type Resource,
} from './client.ts'
import type { KubeObject } from './objects.ts'

/** The annotation that says which state of the learner's files an object was made from. */
export const DIGEST = 'sidecar-workshop/files'

/** An object in a namespace, and what kind it is of. */
export interface OwnObject {
  resource: Resource
  object: KubeObject
}

/** All that the kit has brought to the namespace. What may not be listed, it did not bring. */
export async function listOwnObjects(client: KubernetesClient, namespace: string): Promise<OwnObject[]> {
  const lists = LESSON_RESOURCES.map(async (resource) => {
    const { items } = await client.list(resource, { namespace }).catch(noneIfRefused)
    const own = items.filter(({ metadata }) => metadata.annotations?.[DIGEST] !== undefined)
    return own.map((object) => ({ resource, object }))
  })
  return (await Promise.all(lists)).flat()
}

/** Deletes all that the kit has brought to the namespace, its pods at once, and waits for none of it. */
export async function removeOwnObjects(client: KubernetesClient, namespace: string): Promise<void> {
  const own = await listOwnObjects(client, namespace)
  const removals = own.map(({ resource, object }) =>
    remove(client, resource, object.metadata, resource === PODS ? 0 : undefined),
  )
  await Promise.all(removals)
}

/** Deletes one object; one that is gone already is fine. */
export async function remove(
  client: KubernetesClient,
  resource: Resource,
  ref: ObjectRef,
  gracePeriodSeconds?: number,
): Promise<void> {
  try {
    // Without it a Job would leave its pods behind.
    await client.delete(resource, ref, { gracePeriodSeconds, propagationPolicy: 'Background' })
  } catch (error) {
    if (!ApiError.isReason(error, 'NotFound')) throw error
  }
}

function noneIfRefused(error: unknown): { items: KubeObject[] } {
  if (ApiError.isReason(error, 'Forbidden') || ApiError.isReason(error, 'NotFound')) return { items: [] }
  throw error
}

/** The kinds that a lesson may bring into its namespace. */
const LESSON_RESOURCES: readonly Resource[] = [
  PODS,
  CONFIG_MAPS,
  ...['Secret', 'Service', 'ServiceAccount'].map((kind) => namespaced('v1', kind)),
  ...['Deployment', 'DaemonSet', 'StatefulSet'].map((kind) => namespaced('apps/v1', kind)),
  ...['Job', 'CronJob'].map((kind) => namespaced('batch/v1', kind)),
]

function namespaced(apiVersion: string, kind: string): Resource {
  return { apiVersion, kind, plural: `${kind.toLowerCase()}s`, namespaced: true }
}
