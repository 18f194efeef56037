/** The verb create: decode, default, ask the webhooks, validate, store. */
import type { KubeObject } from '../../objects.ts'
import type { Review } from '../admission/match.ts'
import { judge, mutate } from '../admission/webhooks.ts'
import { objectResponse } from '../answer.ts'
import { readObject, toObject } from '../body.ts'
import { stampNew, validateMetadata } from '../metadata.ts'
import type { ApiContext, ResourceDefinition } from '../resource.ts'
import type { Route } from '../route.ts'
import { alreadyExists, forbidden, notFound, qualified } from '../status.ts'
import { type Reviewed, isDryRun, placeInNamespace, refuseIfAny } from './writing.ts'

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

/** As {@link insertObject}, with the webhooks asked. */
export async function insertReviewed(
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
