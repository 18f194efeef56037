/** Gives each namespace its `default` ServiceAccount, and empties those that are being deleted. */
import { ApiError, NAMESPACES, type Resource, collectionPath, objectPath } from '../client.ts'
import type { Namespace } from '../objects.ts'
import { until } from '../until.ts'
import type { FollowContext } from '../follow.ts'
import { discoverResources } from './machinery/discovery.ts'
import type { ControllerContext } from './start.ts'

/** Pods take up to their grace period to go; then it goes on asking until they have. */
const EMPTYING_TIMEOUT_MS = 24 * 60 * 60 * 1000

const SERVICE_ACCOUNTS: Resource = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
}

/** Works until the signal aborts; settles when all namespaces that there are have been seen. */
export async function startController(context: ControllerContext): Promise<void> {
  const emptying = new Set<string>()
  await context.informers.follow(NAMESPACES, (namespace, isGone) => {
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
  const resources = (await discoverResources(client)).filter(({ namespaced }) => namespaced)
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
