/** The verbs get and list: https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks */
import type { KubeObject } from '../../objects.ts'
import { includeOf, jsonOf, jsonText, objectResponse } from '../answer.ts'
import { type ApiContext, type ResourceDefinition, apiVersionOf } from '../resource.ts'
import type { Route } from '../route.ts'
import { parseSelectors } from '../selectors.ts'
import { badRequest, notFound, qualified } from '../status.ts'
import { tableOf, wantsTable } from '../table.ts'

/** The object that a route names; throws a 404. */
export function findObject(api: ApiContext, route: Route): KubeObject {
  const { resource, namespace = '', name = '' } = route
  const object = api.store.get(qualified(resource), namespace, name)
  if (!object) throw notFound(resource, name)
  return object
}

/** GET of one object. */
export function getObject(api: ApiContext, route: Route, request: Request): Response {
  return objectResponse(api, route.resource, request, findObject(api, route))
}

/** The objects of a collection that the selectors choose. */
export function selectObjects(api: ApiContext, route: Route): KubeObject[] {
  const objects = api.store.list(qualified(route.resource), route.namespace)
  const selector = parseSelectors(route.resource, route.query)
  return selector ? objects.filter(selector) : objects
}

/** GET of a collection, in pages of `limit` where one is given. */
export function listObjects(api: ApiContext, route: Route, request: Request): Response {
  const { items, metadata } = pageOf(selectObjects(api, route), route.query, api.store.revision())
  if (wantsTable(request)) {
    const options = { now: api.clock.now(), include: includeOf(request), metadata }
    return jsonText(JSON.stringify(tableOf(route.resource, items, options)))
  }
  return jsonText(listText(route.resource, items, metadata))
}

/** A list as JSON text, put together from the texts of its items. */
export function listText(
  resource: ResourceDefinition,
  items: readonly KubeObject[],
  metadata: Record<string, unknown>,
): string {
  const head = JSON.stringify({ kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata })
  return `${head.slice(0, -1)},"items":[${items.map(jsonOf).join(',')}]}`
}

/** All pages carry the revision of the first, so that a watch from there misses nothing between two pages. */
function pageOf(objects: KubeObject[], query: URLSearchParams, current: number) {
  const limit = limitOf(query)
  const start = query.get('continue')
  const { revision, after } = start ? readContinue(start) : { revision: current, after: '' }
  const rest = after ? objects.filter((object) => keyOf(object) > after) : objects
  const items = limit > 0 ? rest.slice(0, limit) : rest
  const left = rest.length - items.length
  const metadata = {
    resourceVersion: String(revision),
    ...(left > 0
      ? {
          continue: Buffer.from(`${revision}/${keyOf(items.at(-1)!)}`).toString('base64url'),
          remainingItemCount: left,
        }
      : {}),
  }
  return { items, metadata }
}

/** 0 where there is none; what is no whole number is refused in Go's words, as Kubernetes does. */
function limitOf(query: URLSearchParams): number {
  const text = query.get('limit') || '0'
  if (!/^[+-]?\d+$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text)
}

/** Sorts as the store does: a space is smaller than all that a name may hold. */
function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''} ${metadata.name}`
}

function readContinue(token: string): { revision: number; after: string } {
  const match = /^(\d+)\/([a-z0-9.-]* [a-z0-9.-]+)$/.exec(Buffer.from(token, 'base64url').toString())
  if (!match) throw badRequest('continue key is not valid')
  return { revision: Number(match[1]), after: match[2]! }
}
