/** The verbs create, update and patch: decode, default, validate, store. */
import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../../objects.ts'
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
import { alreadyExists, badRequest, conflict, forbidden, invalid, notFound, qualified } from '../status.ts'
import { findObject } from './read.ts'

/** What an update may touch: everything but the status, the status alone, or the finalizers of a namespace. */
export type UpdateScope = 'object' | 'status' | 'finalize'

/** POST to a collection. */
export async function createObject(api: ApiContext, route: Route, request: Request): Promise<Response> {
  const dryRun = isDryRun(route.query)
  const { object, warnings } = await readObject(api, route.resource, request)
  const created = insertObject(api, route, object, dryRun)
  return objectResponse(api, route.resource, request, created, { status: 201, warnings })
}

/** Completes, checks and stores a new object; throws what refuses it. */
export function insertObject(api: ApiContext, route: Route, object: KubeObject, dryRun: boolean): KubeObject {
  const { resource, namespace } = route
  const now = api.clock.now()
  placeInNamespace(object, route)
  stampNew(object, resource, now)
  resource.prepareCreate?.(object, now)
  resource.setDefaults?.(object)
  if (resource.namespaced) checkNamespace(api, resource, namespace!, object.metadata.name)
  resource.admit?.(object, api)
  refuseIfAny(resource, object, [
    ...validateMetadata(object, resource),
    ...(resource.validate?.(object) ?? []),
  ])
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
  const updated = updateObject(api, route.resource, object, findObject(api, route), { scope, dryRun })
  return objectResponse(api, route.resource, request, updated, { warnings })
}

/** PATCH in its four kinds; server-side apply creates what does not exist. */
export async function patchRoute(
  api: ApiContext,
  route: Route,
  request: Request,
  scope: UpdateScope,
): Promise<Response> {
  const { resource } = route
  const dryRun = isDryRun(route.query)
  const patch = await readData(request, resource.kind)
  const previous = api.store.get(qualified(resource), route.namespace ?? '', route.name!)
  const { raw, mayCreate } = patchObject(api, route, request, previous, patch)
  const { object, warnings } = toObject(api, resource, raw, route.query.get('fieldValidation'))
  if (!previous && mayCreate) {
    object.metadata.name ??= route.name!
    const created = insertObject(api, route, object, dryRun)
    return objectResponse(api, resource, request, created, { status: 201, warnings })
  }
  if (!previous) throw notFound(resource, route.name!)
  const updated = updateObject(api, resource, object, previous, { scope, dryRun })
  return objectResponse(api, resource, request, updated, { warnings })
}

/** Stores a new version of `previous`, or removes it when its last finalizer went; throws what refuses it. */
export function updateObject(
  api: ApiContext,
  resource: ResourceDefinition,
  object: KubeObject,
  previous: KubeObject,
  options: { scope: UpdateScope; dryRun: boolean },
): KubeObject {
  checkPreconditions(resource, object, previous)
  keepSystemFields(object, previous)
  const next = inScope(resource, object, previous, options.scope)
  const causes = [...validateMetadata(next, resource), ...validateMetadataUpdate(next, previous)]
  if (options.scope === 'object') {
    resource.setDefaults?.(next)
    resource.prepareUpdate?.(next, previous)
    resource.admit?.(next, api, previous)
    causes.push(...(resource.validate?.(next) ?? []), ...(resource.validateUpdate?.(next, previous) ?? []))
    if (resource.hasGeneration && !isDeepStrictEqual(next.spec, previous.spec)) {
      countGeneration(next, previous)
    }
  }
  refuseIfAny(resource, next, causes)
  if (options.dryRun || isDeepStrictEqual(next, previous)) return options.dryRun ? next : previous
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
    throw conflict(
      resource,
      name,
      'the object has been modified; please apply your changes to the latest version and try again',
    )
  }
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
