/** The namespace that a lesson lives in: made, cleared, removed. */
import {
  ApiError,
  NAMESPACES,
  PODS,
  type KubernetesClient,
  type ObjectRef,
  type Resource,
} from '../client.ts'
import { WorkshopError } from '../errors.ts'
import type { Manifest } from '../objects.ts'
import { until } from '../until.ts'

/** Ends every pod of a namespace at once and removes it, without waiting for the last of them. */
export async function removeNamespace(client: KubernetesClient, name: string): Promise<void> {
  const pods = await client.list(PODS, { namespace: name })
  await Promise.all(pods.items.map(({ metadata }) => remove(client, PODS, metadata, 0)))
  await remove(client, NAMESPACES, { name })
}

/** Removes a namespace with all that is in it, and returns when it is gone; one that is not there is fine. */
export async function clearNamespace(client: KubernetesClient, name: string): Promise<void> {
  await removeNamespace(client, name)
  const isGone = async () => !(await client.find(NAMESPACES, { name }))
  if (await until(isGone, { timeoutMs: 30_000 })) return
  throw new WorkshopError(`namespace ${name} does not go away`, `kubectl get all -n ${name}`)
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
    const namespace = await client.find(NAMESPACES, { name })
    if (!namespace)
      await create(client, NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
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
