/** The verb update: what may change, asked of the webhooks, validated, stored or, with its last finalizer gone, removed. */
import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../../objects.ts'
import type { Review } from '../admission/match.ts'
import { judge, mutate } from '../admission/webhooks.ts'
import { objectResponse } from '../answer.ts'
import { readObject, toObject } from '../body.ts'
import { countGeneration, keepSystemFields, validateMetadata, validateMetadataUpdate } from '../metadata.ts'
import type { ApiContext, ResourceDefinition } from '../resource.ts'
import type { Route } from '../route.ts'
import { type StatusError, badRequest, conflict, qualified } from '../status.ts'
import { findObject } from './read.ts'
import { type Reviewed, isDryRun, placeInNamespace, refuseIfAny } from './writing.ts'

/** What an update may touch: everything but the status, the status alone, or the finalizers of a namespace. */
export type UpdateScope = 'object' | 'status' | 'finalize'

/** PUT of an object or of its status. */
export async function replaceObject(
  api: ApiContext,
  route: Route,
  request: Request,
  scope: UpdateScope,
): Promise<Response> {
  const dryRun = isDryRun(route.query)
  const { object, warnings } = await readObject(api, route.resource, request)
  if (object.metadata.name && object.metadata.name !== route.name) {
    throw badRequest(
      `the name of the object (${object.metadata.name}) does not match the name on the URL (${route.name})`,
    )
  }
  placeInNamespace(object, route)
  const updated = await updateReviewed(api, route, object, findObject(api, route), { scope, dryRun })
  const told = [...warnings, ...updated.warnings]
  return objectResponse(api, route.resource, request, updated.object, { warnings: told })
}

/** How an update goes. */
interface UpdateOptions {
  scope: UpdateScope
  dryRun: boolean
}

/** Stores a new version of what a route names, or removes it when its last finalizer went; throws what refuses it. */
export async function updateReviewed(
  api: ApiContext,
  route: Route,
  object: KubeObject,
  previous: KubeObject,
  options: UpdateOptions,
): Promise<Reviewed> {
  const { resource } = route
  checkPreconditions(resource, object, previous)
  const complete = (raw: KubeObject) => completeUpdate(api, resource, raw, previous, options.scope)
  let next = complete(object)
  const subresource = options.scope === 'object' ? undefined : options.scope
  const review: Review = {
    operation: 'UPDATE',
    route,
    subresource,
    object: next,
    oldObject: previous,
    dryRun: options.dryRun,
  }
  const mutated = await mutate(api, review)
  if (mutated.object !== next) next = complete(toObject(api, resource, mutated.object!, 'Ignore').object)
  checkUpdate(resource, next, previous, options.scope)
  const warnings = [...mutated.warnings, ...(await judge(api, { ...review, object: next }))]
  const { namespace = '', name } = previous.metadata
  if (api.store.get(qualified(resource), namespace, name) !== previous) throw modified(resource, name)
  return { object: storeUpdate(api, resource, next, previous, options.dryRun), warnings }
}

function completeUpdate(
  api: ApiContext,
  resource: ResourceDefinition,
  object: KubeObject,
  previous: KubeObject,
  scope: UpdateScope,
): KubeObject {
  keepSystemFields(object, previous)
  const next = inScope(resource, object, previous, scope)
  if (scope !== 'object') return next
  resource.setDefaults?.(next)
  resource.prepareUpdate?.(next, previous)
  resource.admit?.(next, api, previous)
  return next
}

function checkUpdate(
  resource: ResourceDefinition,
  next: KubeObject,
  previous: KubeObject,
  scope: UpdateScope,
): void {
  const causes = [...validateMetadata(next, resource), ...validateMetadataUpdate(next, previous)]
  if (scope === 'object') {
    causes.push(...(resource.validate?.(next) ?? []), ...(resource.validateUpdate?.(next, previous) ?? []))
    if (resource.hasGeneration && !isDeepStrictEqual(next.spec, previous.spec)) {
      countGeneration(next, previous)
    }
  }
  refuseIfAny(resource, next, causes)
}

function storeUpdate(
  api: ApiContext,
  resource: ResourceDefinition,
  next: KubeObject,
  previous: KubeObject,
  dryRun: boolean,
): KubeObject {
  if (dryRun || isDeepStrictEqual(next, previous)) return dryRun ? next : previous
  return isFinished(resource, next)
    ? api.store.remove(qualified(resource), next)
    : api.store.put(qualified(resource), next)
}

/** Whether nothing holds an object back whose deletion has begun. */
export function isFinished(resource: ResourceDefinition, object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata
  return (
    deletionTimestamp !== undefined &&
    deletionGracePeriodSeconds === 0 &&
    finalizers.length === 0 &&
    (resource.isFinalized?.(object) ?? true)
  )
}

function inScope(
  resource: ResourceDefinition,
  object: KubeObject,
  previous: KubeObject,
  scope: UpdateScope,
): KubeObject {
  if (scope === 'status') return { ...previous, metadata: object.metadata, status: object.status }
  if (scope === 'finalize') return { ...previous, metadata: object.metadata, spec: object.spec }
  return resource.hasStatus ? { ...object, status: previous.status } : object
}

function checkPreconditions(resource: ResourceDefinition, object: KubeObject, previous: KubeObject): void {
  const { uid, resourceVersion } = object.metadata
  const { name } = previous.metadata
  if (uid && uid !== previous.metadata.uid) {
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${previous.metadata.uid}`,
    )
  }
  if (resourceVersion && resourceVersion !== previous.metadata.resourceVersion) {
    throw modified(resource, name)
  }
}

function modified(resource: ResourceDefinition, name: string): StatusError {
  const why = 'the object has been modified; please apply your changes to the latest version and try again'
  return conflict(resource, name, why)
}
