/** The verbs delete and deletecollection: https://kubernetes.io/docs/concepts/architecture/garbage-collection/ */
import { timestamp } from '../../clock.ts'
import type { KubeObject, Status } from '../../objects.ts'
import type { Review } from '../admission/match.ts'
import { judge, mutate } from '../admission/webhooks.ts'
import { json, jsonText, objectResponse } from '../answer.ts'
import { readData } from '../body.ts'
import { isRecord } from '../decode.ts'
import type { ApiContext, ResourceDefinition } from '../resource.ts'
import type { Route } from '../route.ts'
import { conflict, invalid, qualified, unsupported } from '../status.ts'
import { findObject, listText, selectObjects } from './read.ts'
import { isDryRun } from './writing.ts'
import { isFinished } from './update.ts'

/** The part of `DeleteOptions` that is obeyed. */
interface DeleteOptions {
  gracePeriodSeconds?: number
  preconditions?: { uid?: string; resourceVersion?: string }
  propagationPolicy?: PropagationPolicy
  dryRun: boolean
}

type PropagationPolicy = 'Background' | 'Foreground' | 'Orphan'

/** What the garbage collector takes off once it has seen to the dependents. */
const PROPAGATION_FINALIZERS: Record<PropagationPolicy, string[]> = {
  Background: [],
  Foreground: ['foregroundDeletion'],
  Orphan: ['orphan'],
}

/** DELETE of one object. */
export async function deleteRoute(api: ApiContext, route: Route, request: Request): Promise<Response> {
  const options = await readOptions(route, request)
  await reviewDeletion(api, route, findObject(api, route), options.dryRun)
  const object = findObject(api, route)
  const left = deleteObject(api, route.resource, object, options)
  // Kubernetes answers with the object only where something is left to watch.
  if (route.resource.gracePeriodSeconds || left.metadata.deletionTimestamp) {
    return objectResponse(api, route.resource, request, left)
  }
  const { group, plural } = route.resource
  const success: Omit<Status, 'code'> = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: object.metadata.name,
      ...(group ? { group } : {}),
      kind: plural,
      uid: object.metadata.uid,
    },
  }
  return json(success)
}

/** DELETE of a collection. */
export async function deleteCollection(api: ApiContext, route: Route, request: Request): Promise<Response> {
  const options = await readOptions(route, request)
  const doomed = selectObjects(api, route)
  for (const object of doomed) await reviewDeletion(api, route, object, options.dryRun)
  const deleted = doomed
    .flatMap(
      ({ metadata }) =>
        api.store.get(qualified(route.resource), metadata.namespace ?? '', metadata.name) ?? [],
    )
    .map((object) => deleteObject(api, route.resource, object, options))
  return jsonText(listText(route.resource, deleted, { resourceVersion: String(api.store.revision()) }))
}

async function reviewDeletion(
  api: ApiContext,
  route: Route,
  oldObject: KubeObject,
  dryRun: boolean,
): Promise<void> {
  const review: Review = { operation: 'DELETE', route, oldObject, dryRun }
  await mutate(api, review)
  await judge(api, review)
}

function deleteObject(
  api: ApiContext,
  resource: ResourceDefinition,
  object: KubeObject,
  options: DeleteOptions,
): KubeObject {
  checkPreconditions(resource, object, options)
  const seconds = resource.gracePeriodSeconds?.(object, options.gracePeriodSeconds) ?? 0
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, ...metadata } = object.metadata
  // A second deletion may shorten the wait, never lengthen it.
  if (deletionTimestamp && (seconds > 0 || !isFinished(resource, withGrace(object, 0)))) {
    if (seconds >= deletionGracePeriodSeconds) return object
  }
  const doomed: KubeObject = structuredClone({
    ...object,
    metadata: {
      ...metadata,
      ...finalizersOf(resource, object, options),
      deletionTimestamp: timestamp(api.clock.now() + seconds * 1000),
      deletionGracePeriodSeconds: seconds,
    },
  })
  if (isFinished(resource, doomed)) return options.dryRun ? object : removeNow(api, resource, object)
  resource.prepareDelete?.(doomed)
  return options.dryRun ? doomed : api.store.put(qualified(resource), doomed)
}

/** https://kubernetes.io/docs/concepts/architecture/garbage-collection/#cascading-deletion */
function finalizersOf(
  resource: ResourceDefinition,
  { metadata }: KubeObject,
  { propagationPolicy }: DeleteOptions,
): { finalizers?: string[] } {
  const ours = new Set(Object.values(PROPAGATION_FINALIZERS).flat())
  const { finalizers = [] } = metadata
  const isDecided = finalizers.some((one) => ours.has(one))
  const policy = propagationPolicy ?? (resource.orphansDependents && !isDecided ? 'Orphan' : undefined)
  if (!policy) return {}
  return { finalizers: [...finalizers.filter((one) => !ours.has(one)), ...PROPAGATION_FINALIZERS[policy]] }
}

function removeNow(api: ApiContext, resource: ResourceDefinition, object: KubeObject): KubeObject {
  return api.store.remove(qualified(resource), object)
}

function withGrace(object: KubeObject, seconds: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, deletionGracePeriodSeconds: seconds } }
}

function checkPreconditions(resource: ResourceDefinition, object: KubeObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {}
  const { metadata } = object
  const differs = (what: string, wanted: string, found: string) =>
    conflict(
      resource,
      metadata.name,
      `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`,
    )
  if (uid && uid !== metadata.uid) throw differs('UID', uid, metadata.uid)
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    throw differs('ResourceVersion', resourceVersion, metadata.resourceVersion)
  }
}

async function readOptions(route: Route, request: Request): Promise<DeleteOptions> {
  const body = await readData(request, 'DeleteOptions')
  const given = isRecord(body) ? body : {}
  const fromQuery = route.query.get('gracePeriodSeconds')
  const seconds = given.gracePeriodSeconds ?? (fromQuery === null ? undefined : Number(fromQuery))
  const policy = given.propagationPolicy ?? route.query.get('propagationPolicy') ?? undefined
  const isKnown = typeof policy === 'string' && Object.hasOwn(PROPAGATION_FINALIZERS, policy)
  if (policy !== undefined && !isKnown) {
    const cause = unsupported('propagationPolicy', policy, [...Object.keys(PROPAGATION_FINALIZERS), 'nil'])
    throw invalid('DeleteOptions.meta.k8s.io', '', [cause])
  }
  return {
    propagationPolicy: policy as PropagationPolicy | undefined,
    gracePeriodSeconds: typeof seconds === 'number' && Number.isFinite(seconds) ? seconds : undefined,
    preconditions: isRecord(given.preconditions)
      ? (given.preconditions as DeleteOptions['preconditions'])
      : undefined,
    dryRun: isDryRun(route.query) || (Array.isArray(given.dryRun) && given.dryRun.includes('All')),
  }
}
