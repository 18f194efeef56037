/** The schemas of all served kinds: OpenAPI v3 documents, and lookups for decoding and merging. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type ResourceDefinition, apiVersionOf } from './resource.ts'
import { KUBERNETES_VERSION } from './version.ts'

/** The part of an OpenAPI v3 schema that Kubernetes uses. */
export interface Schema {
  description?: string
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  format?: string
  required?: string[]
  properties?: Record<string, Schema>
  additionalProperties?: Schema
  items?: Schema
  allOf?: Schema[]
  oneOf?: Schema[]
  $ref?: string
  'x-kubernetes-group-version-kind'?: { group: string; kind: string; version: string }[]
  'x-kubernetes-list-type'?: 'map' | 'set' | 'atomic'
  'x-kubernetes-list-map-keys'?: string[]
  'x-kubernetes-map-type'?: 'atomic'
  'x-kubernetes-patch-merge-key'?: string
  'x-kubernetes-patch-strategy'?: string
}

/** A schema with its references followed, and the name it has in Kubernetes, as in `io.k8s.api.core.v1.Pod`. */
export interface NamedSchema extends Schema {
  name?: string
}

/** Schemas by kind. The file behind it is read at the first use, not at start. */
export interface OpenApi {
  schemaOf(resource: ResourceDefinition): NamedSchema
  /** Follows `$ref` and a single `allOf`; the merge rules beside a reference are kept. */
  resolve(schema: Schema): NamedSchema
  /** The answer to `GET /openapi/v3`. */
  index(): unknown
  /** The document of `api/v1` or `apis/apps/v1`; `undefined` for what is not served. */
  document(path: string): string | undefined
}

const REFERENCE = '#/components/schemas/'

/** The OpenAPI of these resources; schemas come from openapi/schemas.json, paths from the resources. */
export function createOpenApi(resources: readonly ResourceDefinition[]): OpenApi {
  let loaded: Record<string, Schema> | undefined
  let byKind: Map<string, string> | undefined
  const documents = new Map<string, string>()

  function schemas(): Record<string, Schema> {
    loaded ??= JSON.parse(readFileSync(new URL('./openapi/schemas.json', import.meta.url), 'utf8')) as Record<
      string,
      Schema
    >
    return loaded
  }

  function nameOf(resource: ResourceDefinition): string {
    byKind ??= new Map(
      Object.entries(schemas()).flatMap(([name, schema]) =>
        (schema['x-kubernetes-group-version-kind'] ?? []).map(
          (gvk) => [`${apiVersionOf(gvk)}/${gvk.kind}`, name] as const,
        ),
      ),
    )
    const name = byKind.get(`${apiVersionOf(resource)}/${resource.kind}`)
    if (!name) throw new Error(`${resource.kind} has no schema: run generate-openapi`)
    return name
  }

  function resolve(schema: Schema): NamedSchema {
    const target = schema.$ref ?? schema.allOf?.[0]?.$ref
    if (!target) return schema
    const name = target.slice(REFERENCE.length)
    const { allOf: _, $ref: __, ...beside } = schema
    return { ...schemas()[name], ...beside, name }
  }

  function build(path: string): string | undefined {
    const served = resources.filter((one) => groupPath(one) === path)
    if (served.length === 0) return undefined
    const roots = served.map(nameOf)
    return JSON.stringify({
      openapi: '3.0.0',
      info: { title: 'Kubernetes', version: KUBERNETES_VERSION.gitVersion },
      paths: Object.assign({}, ...served.map((one, at) => pathsOf(one, path, roots[at]!))),
      components: { schemas: closureOf(roots, schemas()) },
    })
  }

  function document(path: string): string | undefined {
    const known = documents.get(path) ?? build(path)
    if (known) documents.set(path, known)
    return known
  }

  return {
    schemaOf: (resource) => resolve({ $ref: REFERENCE + nameOf(resource) }),
    resolve,
    document,
    index() {
      const paths = [...new Set(resources.map(groupPath))]
      return {
        paths: Object.fromEntries(
          paths.map((path) => {
            const hash = createHash('sha256').update(document(path)!).digest('hex').toUpperCase()
            return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }]
          }),
        ),
      }
    },
  }
}

function groupPath(resource: ResourceDefinition): string {
  return resource.group ? `apis/${apiVersionOf(resource)}` : `api/${resource.version}`
}

/** All schemas that the roots reach. */
function closureOf(roots: string[], schemas: Record<string, Schema>): Record<string, Schema> {
  const found = new Set(roots)
  for (const name of found) {
    for (const [, target] of JSON.stringify(schemas[name]).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      found.add(target!)
    }
  }
  return Object.fromEntries([...found].sort().map((name) => [name, schemas[name]!]))
}

/** kubectl looks for a PATCH with `fieldValidation` before it trusts the server to validate. */
function pathsOf(resource: ResourceDefinition, prefix: string, schemaName: string): Record<string, unknown> {
  const { group, version, kind, plural, namespaced } = resource
  const collection = `/${prefix}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}`
  const content = { 'application/json': { schema: { $ref: REFERENCE + schemaName } } }
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
    name,
    in: 'query',
    schema: { type: 'string', uniqueItems: true },
  }))
  const operation = (action: string, writes: boolean) => ({
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, kind, version },
    ...(writes ? { parameters } : {}),
    responses: { 200: { description: 'OK', content } },
  })
  return {
    [collection]: { get: operation('list', false), post: operation('post', true) },
    [`${collection}/{name}`]: {
      get: operation('get', false),
      put: operation('put', true),
      patch: operation('patch', true),
      delete: operation('delete', false),
    },
  }
}
