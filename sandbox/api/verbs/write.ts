/** The verbs create, update and patch: decode, default, validate, store. */
import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../../objects.ts'
import type { Review } from '../admission/match.ts'
import { judge, mutate } from '../admission/webhooks.ts'
import { objectResponse } from '../answer.ts'
import { readData, readObject, toObject } from '../body.ts'
import {
  countGeneration,
  keepSystemFields,
  stampNew,
  validateMetadata,
  validateMetadataUpdate,
} from '../metadata.ts'
import { patchObject } from '../patch/patch.ts'
import { type ApiContext, type ResourceDefinition, qualifiedKind } from '../resource.ts'
import type { Route } from '../route.ts'
import {
  StatusError,
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  invalid,
  notFound,
  qualified,
} from '../status.ts'
import { findObject } from './read.ts'

/** What an update may touch: everything but the status, the status alone, or the finalizers of a namespace. */
export type UpdateScope = 'object' | 'status' | 'finalize'

/** As often as Kubernetes tries. */
const MAX_PATCH_ATTEMPTS = 5

/** POST to a collection. */
export async function createObject(api: ApiContext, route: Route, request: Request): Promise<Response> {
  const dryRun = isDryRun(route.query)
  const { object, warnings } = await readObject(api, route.resource, request)
  const created = await insertReviewed(api, route, object, dryRun)
  const told = [...warnings, ...created.warnings]
  return objectResponse(api, route.resource, request, created.object, { status: 201, warnings: told })
}

/** Completes, checks and stores a new object without asking any webhook; throws what refuses it. */
export function insertObject(api: ApiContext, route: Route, object: KubeObject, dryRun: boolean): KubeObject {
  placeInNamespace(object, route)
  stampNew(object, route.resource, api.clock.now())
  completeNew(api, route, object)
  checkNew(route.resource, object)
  return storeNew(api, route, object, dryRun)
}

/** An object as it was stored, and what webhooks tell its writer. */
interface Reviewed {
  object: KubeObject
  warnings: string[]
}

async function insertReviewed(
  api: ApiContext,
  route: Route,
  object: KubeObject,
  dryRun: boolean,
): Promise<Reviewed> {
  const { resource } = route
  placeInNamespace(object, route)
  stampNew(object, resource, api.clock.now())
  completeNew(api, route, object)
  const review: Review = { operation: 'CREATE', route, object, dryRun }
  const mutated = await mutate(api, review)
  let next = object
  if (mutated.object !== object) {
    next = toObject(api, resource, mutated.object!, 'Ignore').object
    completeNew(api, route, next)
  }
  checkNew(resource, next)
  const warnings = [...mutated.warnings, ...(await judge(api, { ...review, object: next }))]
  return { object: storeNew(api, route, next, dryRun), warnings }
}

function completeNew(api: ApiContext, route: Route, object: KubeObject): void {
  const { resource, namespace } = route
  resource.prepareCreate?.(object, api.clock.now())
  resource.setDefaults?.(object)
  if (resource.namespaced) checkNamespace(api, resource, namespace!, object.metadata.name)
  resource.admit?.(object, api)
}

function checkNew(resource: ResourceDefinition, object: KubeObject): void {
  const causes = [...validateMetadata(object, resource), ...(resource.validate?.(object) ?? [])]
  refuseIfAny(resource, object, causes)
}

function storeNew(
  api: ApiContext,
  { resource, namespace }: Route,
  object: KubeObject,
  dryRun: boolean,
): KubeObject {
  const { name } = object.metadata
  if (api.store.get(qualified(resource), namespace ?? '', name)) throw alreadyExists(resource, name)
  return dryRun ? object : api.store.put(qualified(resource), object)
}

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

/** PATCH in its four kinds; server-side apply creates what does not exist. */
export async function patchRoute(
  api: ApiContext,
  route: Route,
  request: Request,
  scope: UpdateScope,
): Promise<Response> {
  const patch = await readData(request, route.resource.kind)
  for (let attempt = 1; ; attempt += 1) {
    const previous = api.store.get(qualified(route.resource), route.namespace ?? '', route.name!)
    try {
      return await patchOnce(api, route, request, scope, structuredClone(patch), previous)
    } catch (error) {
      // While a webhook thought, somebody else wrote: the patch may fit what is there now.
      const now = api.store.get(qualified(route.resource), route.namespace ?? '', route.name!)
      const isStale = error instanceof StatusError && error.status.code === 409 && now !== previous
      if (!isStale || attempt === MAX_PATCH_ATTEMPTS) throw error
    }
  }
}

async function patchOnce(
  api: ApiContext,
  route: Route,
  request: Request,
  scope: UpdateScope,
  patch: unknown,
  previous: KubeObject | undefined,
): Promise<Response> {
  const { resource } = route
  const dryRun = isDryRun(route.query)
  const { raw, mayCreate } = patchObject(api, route, request, previous, patch)
  const { object, warnings } = toObject(api, resource, raw, route.query.get('fieldValidation'))
  if (!previous && mayCreate) {
    object.metadata.name ??= route.name!
    const created = await insertReviewed(api, route, object, dryRun)
    const told = [...warnings, ...created.warnings]
    return objectResponse(api, resource, request, created.object, { status: 201, warnings: told })
  }
  if (!previous) throw notFound(resource, route.name!)
  const updated = await updateReviewed(api, route, object, previous, { scope, dryRun })
  const told = [...warnings, ...updated.warnings]
  return objectResponse(api, resource, request, updated.object, { warnings: told })
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

/** Whether the query asks to change nothing; 400 for a value that Kubernetes doesn't know. */
export function isDryRun(query: URLSearchParams): boolean {
  const value = query.get('dryRun')
  if (value !== null && value !== 'All') {
    throw badRequest(`dryRun: Unsupported value: ${JSON.stringify(value)}: supported values: "All"`)
  }
  return value === 'All'
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

function placeInNamespace(object: KubeObject, route: Route): void {
  const { resource, namespace } = route
  if (resource.namespaced) {
    if (object.metadata.namespace && object.metadata.namespace !== namespace) {
      throw badRequest(
        'the namespace of the provided object does not match the namespace sent on the request',
      )
    }
    object.metadata.namespace = namespace
  } else delete object.metadata.namespace
}

function checkNamespace(
  api: ApiContext,
  resource: ResourceDefinition,
  namespace: string,
  name: string,
): void {
  const found = api.store.get('namespaces', '', namespace)
  if (!found) throw notFound({ group: '', plural: 'namespaces' }, namespace)
  if (!found.metadata.deletionTimestamp) return
  const error = forbidden(
    resource,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  )
  error.status.details!.causes = [
    {
      reason: 'NamespaceTerminating',
      message: `namespace ${namespace} is being terminated`,
      field: 'metadata.namespace',
    },
  ]
  throw error
}

function refuseIfAny(
  resource: ResourceDefinition,
  object: KubeObject,
  causes: Parameters<typeof invalid>[2],
): void {
  if (causes.length > 0) throw invalid(qualifiedKind(resource), object.metadata.name ?? '', causes)
}
