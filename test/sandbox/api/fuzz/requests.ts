/** Makes requests that are nearly right, so that they get past the first check and into the depth of the API server. */
import { type ResourceDefinition, apiVersionOf, loadResources } from '#sandbox/api/resource.ts'
import type { Random } from '../../../helpers/random.ts'
import { OBJECT_NAMES, objectOf } from './objects.ts'
import { garbled, hostileKey, hostileText, hostileValue, mutated } from './values.ts'

/** A request over a connection that holds a valid token. */
export interface HostileRequest {
  method: string
  /** With its query. */
  path: string
  headers: Record<string, string>
  body: Buffer
}

/** A source of requests that never ends. */
export async function createRequests(random: Random): Promise<() => HostileRequest> {
  const resources = await loadResources()
  return () => {
    const resource = random.pick(resources)
    const method = random.pick(METHODS)
    const path = pathOf(random, resource, method)
    const { type, body } = bodyOf(random, resource, method)
    const query = Array.from({ length: random.pick([0, 0, 1, 1, 2, 4]) }, () => parameter(random)).join('&')
    const accept = random.pick(ACCEPTS)
    return {
      method,
      path: query ? `${path}?${query}` : path,
      headers: { ...(type && { 'content-type': type }), ...(accept && { accept }) },
      body,
    }
  }
}

const METHODS = words(`
  GET GET GET GET GET POST POST POST POST POST POST PUT PUT PATCH PATCH PATCH PATCH DELETE DELETE HEAD
  OPTIONS QUERY
`)
const SUBRESOURCES = words(`
  status log exec attach portforward proxy proxy/ proxy/../../.. binding scale finalize
  ephemeralcontainers resize eviction token __proto__ constructor toString
`)
const ACCEPTS = [
  '',
  ','.repeat(500),
  ...words(`
  */* application/json application/vnd.kubernetes.protobuf text/html;q=9 ;;;=
  application/json;as=Table;v=v1;g=meta.k8s.io
  application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1
`),
]
const PATCHES = ['merge-patch+json', 'strategic-merge-patch+json', 'json-patch+json', 'apply-patch+yaml']
const OTHER_PATHS = words(`
  / // ///api /api /apis /apis/apps /api/v1 /api/v2 /openapi/v2 /openapi/v3
  /openapi/v3/../../../etc/passwd /openapi/v3/__proto__ /openapi/v3/api/v1 /version /readyz/.. /% /%00
  /%2e%2e/%2e%2e/etc/passwd /api/v1/namespaces/%zz/pods /apis/constructor/v1/prototype //[ http://[/
  http://example.com/api/v1/pods /api/v1/namespaces//pods /api/v1/pods/a/b/c/d
`)

/** How often a method goes to a collection and not to an object. */
const COLLECTION: Record<string, number> = { POST: 0.95, GET: 0.4, DELETE: 0.1 }

function pathOf(random: Random, resource: ResourceDefinition, method: string): string {
  if (random.chance(0.05)) return random.pick(OTHER_PATHS)
  const root = resource.group ? `/apis/${apiVersionOf(resource)}` : `/api/${resource.version}`
  const isScoped = resource.namespaced && (method !== 'GET' || random.chance(0.7))
  const scope = isScoped ? `/namespaces/${random.chance(0.9) ? 'default' : segment(random)}` : ''
  const collection = `${root}${scope}/${resource.plural}`
  if (random.chance(COLLECTION[method] ?? 0.05)) return collection
  const object = `${collection}/${segment(random)}`
  return random.chance(0.8) ? object : `${object}/${random.pick(SUBRESOURCES)}`
}

function segment(random: Random): string {
  if (random.chance(0.85)) return random.pick(OBJECT_NAMES)
  const value = random.chance(0.5) ? hostileKey(random) : hostileText(random)
  return random.chance(0.9) ? encodeURIComponent(value) : '%c3%28'
}

function parameter(random: Random): string {
  const value = random.chance(0.6) ? random.pick(VALUES) : hostileText(random)
  const name = random.chance(0.95) ? random.pick(PARAMETERS) : hostileKey(random)
  return `${encodeURIComponent(name)}=${encodeURIComponent(value)}`
}

const PARAMETERS = words(`
  watch resourceVersion resourceVersionMatch sendInitialEvents allowWatchBookmarks limit continue
  labelSelector fieldSelector timeoutSeconds dryRun fieldValidation fieldManager force
  gracePeriodSeconds propagationPolicy orphanDependents includeObject container follow previous
  tailLines sinceSeconds sinceTime limitBytes timestamps command ports path
`)
const VALUES = `
  true | 1 | 0 | -1 | 1e12 | 99999999999999999999 | All | Strict | NotOlderThan | Exact | Background |
  app=a | app in (a,b | app notin () | ! | !!a | a==b,,c | metadata.name=a | spec.nodeName!=x | = |
  , | status.phase=Running | __proto__=1 | e30= | eyJ2IjoibWV0YSJ9 | 2026-11-22T15:30:00Z | (((( |
  app | \\ |
`
  .split('|')
  .map((text) => text.trim())

function bodyOf(
  random: Random,
  resource: ResourceDefinition,
  method: string,
): { type: string; body: Buffer } {
  if (method === 'GET' || method === 'HEAD' || random.chance(0.03)) return { type: '', body: Buffer.alloc(0) }
  const whole = objectOf(random, resource)
  const changed = random.chance(0.65) ? mutated(random, whole) : whole
  const text = () => (changed === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(changed)))
  if (method === 'PATCH') return patchOf(random, text)
  if (method === 'DELETE') return { type: 'application/json', body: textOf(random, deleteOptions(random)) }
  const type = random.pick([
    'application/json',
    'application/json',
    'application/json',
    '',
    'application/yaml',
    'x',
  ])
  if (random.chance(0.15)) return { type: PROTOBUF, body: protobufOf(random, resource) }
  return { type, body: random.chance(0.15) ? garbled(random, text()) : text() }
}

function deleteOptions(random: Random): unknown {
  const options = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: random.pick([0, 0, 1, 30]) }
  return random.chance(0.6) ? options : mutated(random, { ...options, preconditions: { uid: 'x' } })
}

function patchOf(random: Random, text: () => Buffer): { type: string; body: Buffer } {
  const kind = random.pick(PATCHES)
  const type = `application/${random.chance(0.97) ? kind : hostileKey(random).replaceAll(/[^a-z]/g, '')}`
  if (kind === 'json-patch+json') return { type, body: textOf(random, jsonPatch(random)) }
  if (kind === 'apply-patch+yaml' && random.chance(0.2))
    return { type, body: Buffer.from(random.pick(YAMLS)) }
  return { type, body: random.chance(0.1) ? garbled(random, text()) : text() }
}

function jsonPatch(random: Random): unknown {
  const path = () => `/${Array.from({ length: 1 + random.int(4) }, () => random.pick(POINTERS)).join('/')}`
  const ops = ['add', 'remove', 'replace', 'move', 'copy', 'test', '__proto__']
  return Array.from({ length: 1 + random.int(4) }, () => ({
    op: random.pick(ops),
    path: path(),
    from: path(),
    value: hostileValue(random),
  }))
}

const POINTERS = [
  '',
  ...words(`
  metadata spec labels name containers 0 - -1 1e3 99999999 ~ ~2 ~1 __proto__ constructor prototype
  polluted status apiVersion finalizers
`),
]

const YAMLS = [
  [
    'a: &a [x,x]',
    ...[...'bcdefghij'].map((name, at) => `${name}: &${name} [${`*${'abcdefghi'[at]},`.repeat(9)}]`),
  ].join('\n'),
  '{'.repeat(10_000),
  '- '.repeat(10_000),
  'a: &a [*a]',
  'kind: Pod\n---\nkind: Pod\n',
  '!!js/function "x"',
  'metadata:\n\tname: x',
  '<<: {__proto__: {polluted: true}}\n__proto__: {polluted: true}',
  ': : : :',
  '? [a]\n: 1',
]

function textOf(random: Random, value: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(value) ?? '')
  return random.chance(0.1) ? garbled(random, text) : text
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf'

function protobufOf(random: Random, resource: ResourceDefinition): Buffer {
  const named = message(1, message(1, 'a'))
  const strange = Array.from({ length: random.int(4) }, () =>
    message(
      1 + random.int(40),
      random.chance(0.5) ? message(1, random.bytes(9)) : random.bytes(random.int(30)),
    ),
  )
  const type = Buffer.concat([message(1, apiVersionOf(resource)), message(2, resource.kind)])
  const envelope = [Buffer.from('k8s\0'), message(1, type), message(2, Buffer.concat([named, ...strange]))]
  const whole = Buffer.concat(envelope)
  return random.chance(0.4) ? garbled(random, whole) : whole
}

/** A field of wire type 2; the lengths stay below 16,384. */
function message(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content as string)
  const varint = (value: number) => (value < 128 ? [value] : [(value & 127) | 128, value >> 7])
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes])
}

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}
