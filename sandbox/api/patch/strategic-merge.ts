/** Strategic merge patch: https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/ */
import { isDeepStrictEqual } from 'node:util'
import { isRecord } from '../decode.ts'
import type { NamedSchema, OpenApi, Schema } from '../openapi.ts'
import { badRequest } from '../status.ts'

type Fields = Record<string, unknown>

const ORDER = '$setElementOrder/'
const DELETIONS = '$deleteFromPrimitiveList/'

/** The target with the patch merged in, as a new value; the schema says which lists merge, and by which key. */
export function applyStrategicMerge(
  target: Fields,
  patch: Fields,
  schema: NamedSchema,
  openApi: OpenApi,
): Fields {
  return mergeFields(target, patch, schema, openApi)
}

function mergeFields(target: Fields, patch: Fields, schema: NamedSchema, openApi: OpenApi): Fields {
  const directive = patch.$patch
  if (directive === 'delete') return {}
  if (directive === 'replace') return withoutDirectives(patch)
  if (directive !== undefined && directive !== 'merge') {
    throw badRequest(`Unknown patch type "${String(directive)}" in map`)
  }
  const retained = Array.isArray(patch.$retainKeys) ? new Set(patch.$retainKeys as unknown[]) : undefined
  const merged = new Map(Object.entries(target).filter(([key]) => !retained || retained.has(key)))
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETIONS)) {
      const field = key.slice(DELETIONS.length)
      const doomed = Array.isArray(value) ? (value as unknown[]) : []
      merged.set(
        field,
        listOf(merged.get(field)).filter((item) => !doomed.includes(item)),
      )
    }
    if (key.startsWith('$')) continue
    if (value === null) merged.delete(key)
    else merged.set(key, mergeValue(merged.get(key), value, propertyOf(schema, key, openApi), openApi))
  }
  for (const [key, order] of Object.entries(patch)) {
    if (!key.startsWith(ORDER)) continue
    const field = key.slice(ORDER.length)
    const items = merged.get(field)
    if (!Array.isArray(items) || !Array.isArray(order)) continue
    const mergeKey = propertyOf(schema, field, openApi)?.['x-kubernetes-patch-merge-key']
    merged.set(field, reorder(items as unknown[], order as unknown[], listOf(target[field]), mergeKey))
  }
  return Object.fromEntries(merged)
}

function mergeValue(
  target: unknown,
  patch: unknown,
  schema: NamedSchema | undefined,
  openApi: OpenApi,
): unknown {
  if (isRecord(patch)) return mergeFields(isRecord(target) ? target : {}, patch, schema ?? {}, openApi)
  if (!Array.isArray(patch)) return patch
  const merges = schema?.['x-kubernetes-patch-strategy']?.split(',').includes('merge')
  if (!schema || !merges) return withoutDirectives(patch)
  const key = schema['x-kubernetes-patch-merge-key']
  const items = listOf(target)
  if (!key) return [...items, ...patch.filter((item) => !items.includes(item))]
  return mergeList(items, patch, key, openApi.resolve(schema.items!), openApi)
}

function mergeList(
  target: unknown[],
  patch: unknown[],
  key: string,
  schema: NamedSchema,
  openApi: OpenApi,
): unknown[] {
  const replaces = patch.some(
    (item) => isRecord(item) && item.$patch === 'replace' && item[key] === undefined,
  )
  const items = replaces ? [] : [...target]
  for (const item of patch) {
    if (!isRecord(item)) throw badRequest(`a list that merges by "${key}" holds objects only`)
    if (item[key] === undefined) {
      if (item.$patch !== undefined) continue
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`)
    }
    const at = items.findIndex((one) => isRecord(one) && one[key] === item[key])
    if (item.$patch === 'delete') {
      if (at >= 0) items.splice(at, 1)
    } else if (at >= 0) items[at] = mergeFields(items[at] as Fields, item, schema, openApi)
    else items.push(mergeFields({}, item, schema, openApi))
  }
  return items
}

/** Listed items in the listed order; the others keep their place among those they stood with. */
function reorder(items: unknown[], order: unknown[], before: unknown[], key: string | undefined): unknown[] {
  const keyOf = (item: unknown) => (key && isRecord(item) ? item[key] : item)
  const wanted = order.map(keyOf)
  const place = (item: unknown) => wanted.findIndex((one) => isDeepStrictEqual(one, keyOf(item)))
  const stood = (item: unknown) => before.findIndex((one) => isDeepStrictEqual(keyOf(one), keyOf(item)))
  const listed = items.filter((item) => place(item) >= 0).sort((a, b) => place(a) - place(b))
  const others = items.filter((item) => place(item) < 0)
  const result: unknown[] = []
  for (const item of listed) {
    const leading = others.findIndex((other) => stood(other) >= stood(item))
    result.push(...others.splice(0, leading < 0 ? others.length : leading), item)
  }
  return [...result, ...others]
}

function propertyOf(schema: Schema, key: string, openApi: OpenApi): NamedSchema | undefined {
  const property =
    schema.properties && Object.hasOwn(schema.properties, key)
      ? schema.properties[key]
      : schema.additionalProperties
  return property && openApi.resolve(property)
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function withoutDirectives<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutDirectives) as T
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => !key.startsWith('$') && inner !== null)
      .map(([key, inner]) => [key, withoutDirectives(inner)]),
  ) as T
}
