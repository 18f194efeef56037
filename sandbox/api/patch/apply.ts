/** Server-side apply without field ownership: https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy */
import { isRecord } from '../decode.ts'
import type { NamedSchema, OpenApi } from '../openapi.ts'

type Fields = Record<string, unknown>

/** What stands, with what is applied laid over it: maps merge, lists merge by their map keys or are replaced. */
export function applyServerSide(
  live: Fields,
  applied: Fields,
  schema: NamedSchema,
  openApi: OpenApi,
): Fields {
  const merged = new Map(Object.entries(live))
  for (const [key, value] of Object.entries(applied)) {
    if (value === null) continue
    const properties = schema.properties ?? {}
    const property = Object.hasOwn(properties, key) ? properties[key] : schema.additionalProperties
    merged.set(key, mergeValue(merged.get(key), value, property && openApi.resolve(property), openApi))
  }
  return Object.fromEntries(merged)
}

function mergeValue(
  live: unknown,
  applied: unknown,
  schema: NamedSchema | undefined,
  openApi: OpenApi,
): unknown {
  if (isRecord(applied) && isRecord(live) && schema && schema['x-kubernetes-map-type'] !== 'atomic') {
    return applyServerSide(live, applied, schema, openApi)
  }
  if (!Array.isArray(applied) || !Array.isArray(live)) return applied
  switch (schema?.['x-kubernetes-list-type']) {
    case 'set':
      return [...new Set([...(live as unknown[]), ...(applied as unknown[])])]
    case 'map':
      return mergeList(live, applied, schema, openApi)
    default:
      return applied
  }
}

function mergeList(live: unknown[], applied: unknown[], schema: NamedSchema, openApi: OpenApi): unknown[] {
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const itemSchema = openApi.resolve(schema.items!)
  const result = [...live]
  for (const item of applied) {
    const at = result.findIndex((one) => keys.every((key) => keyValue(one, key) === keyValue(item, key)))
    if (at >= 0) result[at] = mergeValue(result[at], item, itemSchema, openApi)
    else result.push(item)
  }
  return result
}

/** The one map key that has a default in the API is the protocol of a port. */
function keyValue(item: unknown, key: string): unknown {
  return isRecord(item) ? (item[key] ?? (key === 'protocol' ? 'TCP' : undefined)) : undefined
}
