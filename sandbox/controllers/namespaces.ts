/** Gives each namespace its `default` ServiceAccount, and empties those that are being deleted. */
import { ApiError, NAMESPACES, type Resource, collectionPath, objectPath } from '../client.ts'
import type { Namespace } from '../objects.ts'
import { until } from '../until.ts'
import { type FollowContext, follow } from '../follow.ts'

/** Pods take up to their grace period to go; then it goes on asking until they have. */
const EMPTYING_TIMEOUT_MS = 24 * 60 * 60 * 1000

const SERVICE_ACCOUNTS: Resource = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
}

/** Works until the signal aborts; settles when all namespaces that there are have been seen. */
export async function startNamespaceController(context: FollowContext): Promise<void> {
  const emptying = new Set<string>()
  await follow(context, NAMESPACES, {}, (namespace, isGone) => {
    const { uid, deletionTimestamp } = namespace.metadata
    if (isGone) return
    // What fails has another turn with the next list.
    if (!deletionTimestamp) return void createServiceAccount(context, namespace).catch(() => {})
    if (emptying.has(uid)) return
    emptying.add(uid)
    void empty(context, namespace)
      .catch(() => {})
      .finally(() => emptying.delete(uid))
  })
}

async function createServiceAccount({ client }: FollowContext, { metadata }: Namespace): Promise<void> {
  const ref = { namespace: metadata.name, name: 'default' }
  if (await client.find(SERVICE_ACCOUNTS, ref)) return
  try {
    await client.create(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: ref })
  } catch (error) {
    if (!ApiError.isReason(error, 'AlreadyExists')) throw error
  }
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/#deleting-a-namespace */
async function empty({ client, signal }: FollowContext, namespace: Namespace): Promise<void> {
  const { name } = namespace.metadata
  const resources = await namespacedResources(client)
  for (const resource of resources) await client.json('DELETE', collectionPath(resource, name))
  const isEmpty = await until(
    async () => {
      for (const resource of resources) {
        const { items } = await client.list(resource, { namespace: name })
        if (items.length === 0) continue
        // An object that came late, such as a last event, is deleted like the others.
        if (resource.kind !== 'Pod') await client.json('DELETE', collectionPath(resource, name))
        return false
      }
      return true
    },
    { timeoutMs: EMPTYING_TIMEOUT_MS, intervalMs: 50, signal },
  )
  if (!isEmpty) return
  const { apiVersion, kind, metadata } = namespace
  await client.json('PUT', objectPath(NAMESPACES, { name }, 'finalize'), {
    apiVersion,
    kind,
    metadata: { name, uid: metadata.uid },
    spec: { finalizers: [] },
  })
}

interface ResourceList {
  groupVersion: string
  resources: { name: string; kind: string; namespaced: boolean; verbs: string[] }[]
}

async function namespacedResources(client: FollowContext['client']): Promise<Resource[]> {
  const { groups } = await client.json<{ groups: { preferredVersion: { groupVersion: string } }[] }>(
    'GET',
    '/apis',
  )
  const paths = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)]
  const lists = await Promise.all(paths.map((path) => client.json<ResourceList>('GET', path)))
  return lists.flatMap(({ groupVersion, resources }) =>
    resources
      .filter(({ namespaced, verbs }) => namespaced && verbs.includes('deletecollection'))
      .map(({ name, kind }) => ({ apiVersion: groupVersion, kind, plural: name, namespaced: true })),
  )
}
