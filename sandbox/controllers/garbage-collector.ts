/** Deletes what nobody owns any more: https://kubernetes.io/docs/concepts/architecture/garbage-collection/ */
import { isDeepStrictEqual } from 'node:util'
import { ApiError, type Resource, objectPath } from '../client.ts'
import type { KubeObject, OwnerReference } from '../objects.ts'
import { discoverResources } from './machinery/discovery.ts'
import { type Queue, createQueue } from './machinery/queue.ts'
import type { ControllerContext } from './start.ts'

/** Finalizers that a deletion leaves for us. */
const FOREGROUND = 'foregroundDeletion'
const ORPHAN = 'orphan'

interface Known {
  resource: Resource
  object: KubeObject
}

/** Who is there, and who depends on whom, by uid. */
interface Graph {
  known: Map<string, Known>
  dependents: Map<string, Set<string>>
}

/** Works until the signal aborts. */
export async function startController(context: ControllerContext): Promise<void> {
  const resources = await discoverResources(context.client)
  const graph: Graph = { known: new Map(), dependents: new Map() }
  // Objects are queued by uid: names come back.
  const queue = createQueue(context, ({ name: uid }) => collect(context, graph, resources, uid))
  // An event owns nothing and is owned by nobody.
  const followed = resources.filter(({ kind }) => kind !== 'Event')
  await Promise.all(
    followed.map((resource) =>
      context.informers.follow(resource, (object, isGone) => {
        if (isGone) forget(graph, queue, object)
        else remember(graph, queue, { resource, object })
      }),
    ),
  )
}

function remember(graph: Graph, queue: Queue, { resource, object }: Known): void {
  const { uid, ownerReferences = [], finalizers = [], deletionTimestamp } = object.metadata
  const before = graph.known.get(uid)?.object.metadata.ownerReferences ?? []
  graph.known.set(uid, { resource, object })
  for (const owner of before) graph.dependents.get(owner.uid)?.delete(uid)
  for (const owner of ownerReferences) {
    const dependents = graph.dependents.get(owner.uid) ?? new Set()
    graph.dependents.set(owner.uid, dependents.add(uid))
  }
  const isAsked = deletionTimestamp && (finalizers.includes(FOREGROUND) || finalizers.includes(ORPHAN))
  if (isAsked || !isDeepStrictEqual(before, ownerReferences)) queue.add({ name: uid })
}

function forget(graph: Graph, queue: Queue, { metadata }: KubeObject): void {
  const { uid, ownerReferences = [] } = metadata
  graph.known.delete(uid)
  for (const owner of ownerReferences) {
    graph.dependents.get(owner.uid)?.delete(uid)
    if (graph.known.get(owner.uid)?.object.metadata.deletionTimestamp) queue.add({ name: owner.uid })
  }
  for (const dependent of graph.dependents.get(uid) ?? []) queue.add({ name: dependent })
  if (!graph.dependents.get(uid)?.size) graph.dependents.delete(uid)
}

async function collect(
  context: ControllerContext,
  graph: Graph,
  resources: readonly Resource[],
  uid: string,
): Promise<void> {
  const known = graph.known.get(uid)
  if (!known) return
  const { resource } = known
  const object = await context.client.find(resource, known.object.metadata)
  if (object?.metadata.uid !== uid) return
  const { finalizers = [], deletionTimestamp } = object.metadata
  if (deletionTimestamp && finalizers.includes(ORPHAN)) {
    await releaseDependents(context, graph, uid)
    await removeFinalizer(context, { resource, object }, ORPHAN)
  } else if (deletionTimestamp && finalizers.includes(FOREGROUND)) {
    const isAlone = await deleteDependents(context, graph, uid)
    if (isAlone) await removeFinalizer(context, { resource, object }, FOREGROUND)
  } else if (!deletionTimestamp) await checkOwners(context, { resource, object }, resources)
}

async function checkOwners(
  context: ControllerContext,
  { resource, object }: Known,
  resources: readonly Resource[],
): Promise<void> {
  const { ownerReferences = [], namespace } = object.metadata
  if (ownerReferences.length === 0) return
  const absent: OwnerReference[] = []
  for (const owner of ownerReferences) {
    const served = resources.find(
      ({ apiVersion, kind }) => apiVersion === owner.apiVersion && kind === owner.kind,
    )
    // What we don't serve may exist all the same.
    if (!served) continue
    const found = await context.client.find(served, { namespace, name: owner.name })
    if (found?.metadata.uid !== owner.uid) absent.push(owner)
  }
  if (absent.length === ownerReferences.length) await deleteOne(context, { resource, object }, 'Background')
  else if (absent.length > 0) await changeOwners(context, { resource, object }, absent)
}

/** Whether nothing is left that the owner has to wait for. */
async function deleteDependents(context: ControllerContext, graph: Graph, uid: string): Promise<boolean> {
  const dependents = knownDependents(graph, uid)
  for (const dependent of dependents) {
    if (!dependent.object.metadata.deletionTimestamp) await deleteOne(context, dependent, 'Foreground')
  }
  return !dependents.some(({ object }) =>
    object.metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.blockOwnerDeletion),
  )
}

async function releaseDependents(context: ControllerContext, graph: Graph, uid: string): Promise<void> {
  for (const dependent of knownDependents(graph, uid)) {
    const owners = dependent.object.metadata.ownerReferences ?? []
    await changeOwners(
      context,
      dependent,
      owners.filter((owner) => owner.uid === uid),
    )
  }
}

function knownDependents({ known, dependents }: Graph, uid: string): Known[] {
  return [...(dependents.get(uid) ?? [])].flatMap((one) => known.get(one) ?? [])
}

async function changeOwners(
  { client }: ControllerContext,
  { resource, object }: Known,
  absent: readonly OwnerReference[],
): Promise<void> {
  const { uid } = object.metadata
  const ownerReferences = absent.map((owner) => ({ $patch: 'delete', uid: owner.uid }))
  const patch = { metadata: { uid, ownerReferences } }
  await ignoringGone(
    client.patch(resource, object.metadata, patch, { type: 'application/strategic-merge-patch+json' }),
  )
}

async function removeFinalizer(
  { client }: ControllerContext,
  { resource, object }: Known,
  finalizer: string,
): Promise<void> {
  const { resourceVersion, finalizers = [] } = object.metadata
  const rest = finalizers.filter((one) => one !== finalizer)
  const metadata = { resourceVersion, finalizers: rest }
  await ignoringGone(client.patch(resource, object.metadata, { metadata }))
}

async function deleteOne(
  { client }: ControllerContext,
  { resource, object }: Known,
  propagationPolicy: 'Background' | 'Foreground',
): Promise<void> {
  const preconditions = { uid: object.metadata.uid }
  await ignoringGone(
    client.json('DELETE', objectPath(resource, object.metadata), {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      preconditions,
      propagationPolicy,
    }),
  )
}

async function ignoringGone(asked: Promise<unknown>): Promise<void> {
  try {
    await asked
  } catch (error) {
    if (!ApiError.isReason(error, 'NotFound')) throw error
  }
}
