/** From JSON as somebody wrote it to an object of its schema, as Go's decoder would: types, unknown fields, nulls. */
import type { NamedSchema, OpenApi, Schema } from './openapi.ts'

/** What decoding left: the known fields, and the paths of the unknown ones, as in `spec.containers[0].imagee`. */
export interface Decoded {
  value: Record<string, unknown>
  unknownFields: string[]
}

/** A value that does not fit its field; the message is Go's own. */
export class DecodeError extends Error {}

interface Place {
  /** `spec.containers[0].name` */
  path: string
  /** `spec.containers.name`: Go leaves the indices out. */
  goPath: string
  /** The innermost struct, `Container`. */
  struct: string
}

/** Reads `raw` as the schema says; throws a DecodeError at the first value of a wrong type. */
export function decode(raw: Record<string, unknown>, schema: NamedSchema, openApi: OpenApi): Decoded {
  const unknownFields: string[] = []

  function visit(value: unknown, rawSchema: Schema, place: Place): unknown {
    const resolved = openApi.resolve(rawSchema)
    if (resolved.oneOf) return decodeUnion(value, resolved, place)
    switch (resolved.type) {
      case 'array':
        if (!Array.isArray(value)) throw mismatch(value, goType(resolved, openApi), place)
        return value.map((item, at) =>
          visit(item, resolved.items!, { ...place, path: `${place.path}[${at}]` }),
        )
      case 'object':
        if (!isRecord(value)) throw mismatch(value, goType(resolved, openApi), place)
        return resolved.properties ? visitStruct(value, resolved, place) : visitMap(value, resolved, place)
      default:
        return decodeScalar(value, resolved, place)
    }
  }

  function visitStruct(value: Record<string, unknown>, struct: NamedSchema, place: Place) {
    const result: Record<string, unknown> = {}
    const name = shortName(struct)
    for (const [field, inner] of Object.entries(value)) {
      const path = place.path ? `${place.path}.${field}` : field
      const property = Object.hasOwn(struct.properties!, field) ? struct.properties![field] : undefined
      if (!property) unknownFields.push(path)
      else if (inner !== null) {
        const goPath = place.goPath ? `${place.goPath}.${field}` : field
        const decoded = visit(inner, property, { path, goPath, struct: name })
        if (!isOmitted(decoded, property, openApi)) result[field] = decoded
      }
    }
    return result
  }

  function visitMap(value: Record<string, unknown>, map: NamedSchema, place: Place) {
    if (!map.additionalProperties) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        inner === null && openApi.resolve(map.additionalProperties!).type === 'string'
          ? ''
          : visit(inner, map.additionalProperties!, { ...place, path: `${place.path}.${key}` }),
      ]),
    )
  }

  const value = visit(raw, schema, { path: '', goPath: '', struct: shortName(schema) })
  return { value: value as Record<string, unknown>, unknownFields }
}

/** Go drops empty lists and maps (`omitempty`), but not empty structs. */
function isOmitted(value: unknown, property: Schema, openApi: OpenApi): boolean {
  if (Array.isArray(value)) return value.length === 0
  return isRecord(value) && Object.keys(value).length === 0 && !openApi.resolve(property).properties
}

function decodeScalar(value: unknown, schema: NamedSchema, place: Place): unknown {
  const { type, format } = schema
  if (type === 'string') {
    if (typeof value !== 'string') throw mismatch(value, 'string', place)
    if (format === 'date-time') checkTime(value)
    if (format === 'byte') checkBase64(value)
    return value
  }
  if (type === 'boolean') {
    if (typeof value !== 'boolean') throw mismatch(value, 'bool', place)
    return value
  }
  if (typeof value !== 'number' || (type === 'integer' && !fits(value, format))) {
    throw mismatch(value, type === 'integer' ? (format ?? 'int64') : 'float64', place)
  }
  return value
}

/** The two unions of the API: a quantity (kept as text) and IntOrString. */
function decodeUnion(value: unknown, schema: NamedSchema, place: Place): unknown {
  if (schema.format === 'int-or-string') {
    if (typeof value === 'string' || (typeof value === 'number' && fits(value, 'int32'))) return value
    throw new DecodeError(`json: cannot unmarshal ${jsonType(value)} into Go value of type int32`)
  }
  if (typeof value !== 'string' && typeof value !== 'number') throw mismatch(value, 'string', place)
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/.test(String(value))) {
    throw new DecodeError(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    )
  }
  return String(value)
}

function fits(value: number, format = 'int64'): boolean {
  return Number.isSafeInteger(value) && (format !== 'int32' || (value >= -(2 ** 31) && value < 2 ** 31))
}

function checkTime(value: string): void {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value) && !isNaN(Date.parse(value)))
    return
  const quoted = JSON.stringify(value)
  throw new DecodeError(
    `parsing time ${quoted} as "2006-01-02T15:04:05Z07:00": cannot parse ${quoted} as "2006"`,
  )
}

function checkBase64(value: string): void {
  const text = value.replaceAll(/[\r\n]/g, '')
  const bad = text.search(/[^A-Za-z0-9+/=]|=(?!=?$)/)
  if (bad < 0 && text.length % 4 === 0) return
  throw new DecodeError(
    `illegal base64 data at input byte ${bad < 0 ? text.length - (text.length % 4) : bad}`,
  )
}

function mismatch(value: unknown, type: string, place: Place): DecodeError {
  const given = typeof value === 'number' && type.startsWith('int') ? `number ${value}` : jsonType(value)
  return new DecodeError(
    place.goPath
      ? `json: cannot unmarshal ${given} into Go struct field ${place.struct}.${place.goPath} of type ${type}`
      : `json: cannot unmarshal ${given} into Go value of type ${type}`,
  )
}

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (value === null) return 'null'
  if (typeof value === 'boolean') return 'bool'
  return typeof value
}

function goType(schema: NamedSchema, openApi: OpenApi): string {
  if (schema.type === 'array') return `[]${goType(openApi.resolve(schema.items!), openApi)}`
  if (schema.properties) return `v1.${shortName(schema)}`
  if (schema.type === 'object') {
    return schema.additionalProperties
      ? `map[string]${goType(openApi.resolve(schema.additionalProperties), openApi)}`
      : 'map[string]interface {}'
  }
  if (schema.type === 'integer') return schema.format ?? 'int64'
  if (schema.type === 'boolean') return 'bool'
  return schema.name ? `resource.${shortName(schema)}` : 'string'
}

function shortName(schema: NamedSchema): string {
  return schema.name?.split('.').at(-1) ?? ''
}

/** A JSON object, and no list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
