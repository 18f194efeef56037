/** The namespace that a lesson lives in: made, cleared, removed. */
import {
  ApiError,
  CONFIG_MAPS,
  NAMESPACES,
  PODS,
  type KubernetesClient,
  type ObjectRef,
  type Resource,
} from '../client.ts'
import { WorkshopError } from '../errors.ts'
import type { Connection } from '../kubeconfig.ts'
import type { KubeObject, Manifest, Namespace } from '../objects.ts'
import { until } from '../until.ts'
import { namespaceOf, type Lesson } from './lesson.ts'
import { DIGEST } from './target.ts'

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

/** An object in a namespace, and what kind it is of. */
interface OwnObject {
  resource: Resource
  object: KubeObject
}

/** What the kit has brought to a namespace, as the annotation on each object tells. What it may not list, it did not bring. */
export async function listOwnObjects(client: KubernetesClient, namespace: string): Promise<OwnObject[]> {
  const lists = LESSON_RESOURCES.map(async (resource) => {
    const { items } = await client.list(resource, { namespace }).catch(noneIfRefused)
    const own = items.filter(({ metadata }) => metadata.annotations?.[DIGEST] !== undefined)
    return own.map((object) => ({ resource, object }))
  })
  return (await Promise.all(lists)).flat()
}

async function removeOwnObjects(client: KubernetesClient, namespace: string): Promise<void> {
  const own = await listOwnObjects(client, namespace)
  await Promise.all(
    own.map(({ resource, object }) =>
      remove(client, resource, object.metadata, resource === PODS ? 0 : undefined),
    ),
  )
}

function noneIfRefused(error: unknown): { items: KubeObject[] } {
  if (ApiError.isReason(error, 'Forbidden') || ApiError.isReason(error, 'NotFound')) return { items: [] }
  throw error
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
