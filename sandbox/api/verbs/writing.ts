/** What creating and updating share: dry runs, the namespace of an object, and refusing one that is wrong. */
import type { KubeObject } from '../../objects.ts'
import { type ResourceDefinition, qualifiedKind } from '../resource.ts'
import type { Route } from '../route.ts'
import { badRequest, invalid } from '../status.ts'

/** An object as it was stored, and what webhooks tell its writer. */
export interface Reviewed {
  object: KubeObject
  warnings: string[]
}

/** Whether the query asks to change nothing; 400 for a value that Kubernetes doesn't know. */
export function isDryRun(query: URLSearchParams): boolean {
  const value = query.get('dryRun')
  if (value !== null && value !== 'All') {
    throw badRequest(`dryRun: Unsupported value: ${JSON.stringify(value)}: supported values: "All"`)
  }
  return value === 'All'
}

/** Gives an object the namespace of the route; 400 for one that names another. */
export function placeInNamespace(object: KubeObject, route: Route): void {
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

/** Throws 422 where there are causes. */
export function refuseIfAny(
  resource: ResourceDefinition,
  object: KubeObject,
  causes: Parameters<typeof invalid>[2],
): void {
  if (causes.length > 0) throw invalid(qualifiedKind(resource), object.metadata.name ?? '', causes)
}
