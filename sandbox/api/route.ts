/** From a URL to what it names: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris */
import type { ResourceDefinition } from './resource.ts'
import { badRequest } from './status.ts'

/** A URL below a group and version. Without a name it is a collection. */
export interface Route {
  resource: ResourceDefinition
  namespace?: string
  name?: string
  subresource?: string
  /** What follows the subresource, percent-encoding kept; only `proxy` has it. */
  rest: string
  query: URLSearchParams
}

/** Names what a path asks for; `undefined` when nothing of ours is there. */
export function parseRoute(url: URL, resources: readonly ResourceDefinition[]): Route | undefined {
  const raw = url.pathname.split('/').slice(1)
  const isCore = raw[0] === 'api'
  if (!isCore && raw[0] !== 'apis') return undefined
  const prefix = isCore ? 2 : 3
  const group = isCore ? '' : raw[1]
  const version = raw[prefix - 1]
  const served = resources.filter((one) => one.group === group && one.version === version)
  const parts = raw.slice(prefix).map(decode)
  const namespace = parts[0] === 'namespaces' && parts[1] ? parts[1] : undefined
  const inner =
    namespace !== undefined && parts[2]
      ? served.find((one) => one.namespaced && one.plural === parts[2])
      : undefined
  const resource = inner ?? served.find((one) => one.plural === parts[0])
  if (!resource || (!inner && resource.namespaced && parts[1])) return undefined
  const start = inner ? 3 : 1
  return {
    resource,
    namespace: inner ? namespace : undefined,
    name: parts[start] || undefined,
    subresource: parts[start + 1] || undefined,
    rest: raw.slice(prefix + start + 2).join('/'),
    query: url.searchParams,
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw badRequest(`invalid URL escape in "${part}"`)
  }
}
