/** Bodies that `kubectl create` posts without a file: protobuf, by the tables of protobuf-fields.ts. */
import { type FieldType, type Message, KINDS, message } from './protobuf-fields.ts'
import { StatusError, badRequest } from './status.ts'

const ENVELOPE = message(
  [1, 'type', message([1, 'apiVersion', 'text'], [2, 'kind', 'text'])],
  [2, 'raw', 'bytes'],
)

/** The first bytes of every such body: `k8s` and a zero. */
const MAGIC = Buffer.from('k8s\0')

/** The object in a protobuf body as JSON would have it; 415 for a kind that is not in the table, 400 for broken bytes. */
export function decodeProtobuf(bytes: Uint8Array): unknown {
  const body = Buffer.from(bytes)
  if (!body.subarray(0, 4).equals(MAGIC))
    throw badRequest('a protobuf body begins with the bytes "k8s" and zero')
  const envelope = readMessage(body.subarray(4), ENVELOPE)
  const { apiVersion, kind } = (envelope.type ?? {}) as { apiVersion?: string; kind?: string }
  const name = `${apiVersion}/${kind}`
  const table = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined
  if (!table) {
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      `the embedded cluster reads ${apiVersion} ${kind} as JSON only, not as protobuf: write it to a file and use \`kubectl create -f\``,
    )
  }
  const raw = Buffer.from(String(envelope.raw ?? ''), 'base64')
  return { apiVersion, kind, ...readMessage(raw, table) }
}

function readMessage(bytes: Buffer, table: Message): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const { number, value } of readFields(bytes)) {
    const field = table.get(number)
    if (!field) {
      if (isZero(value)) continue
      throw new StatusError(
        415,
        'UnsupportedMediaType',
        `the embedded cluster reads field ${number} of this object as JSON only, not as protobuf: write it to a file and use \`kubectl create -f\``,
      )
    }
    if (field.type === 'ignored') continue
    const decoded = readValue(value, field.type)
    if (field.repeated) ((result[field.name] ??= []) as unknown[]).push(decoded)
    else if (isMap(field.type)) {
      Object.assign((result[field.name] ??= {}) as object, decoded)
    } else if (decoded !== '' && decoded !== undefined) result[field.name] = decoded
  }
  return result
}

function readValue(value: Buffer | bigint, type: FieldType): unknown {
  if (type === 'int' || type === 'bool' || type === 'zeroInt' || type === 'zeroBool') {
    if (typeof value !== 'bigint') throw broken()
    if (value === 0n && (type === 'int' || type === 'bool')) return undefined
    return type === 'bool' || type === 'zeroBool' ? value !== 0n : Number(BigInt.asIntN(64, value))
  }
  if (typeof value === 'bigint' || type === 'ignored') throw broken()
  if (type === 'text') return value.toString()
  if (type === 'bytes') return value.toString('base64')
  if (type === 'time') {
    const { seconds } = readMessage(value, message([1, 'seconds', 'int'])) as { seconds?: number }
    // Go writes the zero time, which is no time, as the year 1.
    return seconds !== undefined && seconds > 0 && seconds < 1e11
      ? new Date(seconds * 1000).toISOString()
      : undefined
  }
  if (isMap(type)) {
    const entry = readMessage(value, message([1, 'key', 'text'], [2, 'value', MAP_VALUES[type]]))
    return Object.fromEntries([[String(entry.key ?? ''), entry.value ?? '']])
  }
  if (type === 'intOrString') {
    const { isText, number = 0, text } = readMessage(value, INT_OR_STRING)
    return isText ? text : number
  }
  if (type === 'quantity') return readMessage(value, message([1, 'text', 'text'])).text
  return readMessage(value, type)
}

const INT_OR_STRING = message([1, 'isText', 'bool'], [2, 'number', 'zeroInt'], [3, 'text', 'text'])

const MAP_VALUES = { textMap: 'text', bytesMap: 'bytes', quantityMap: 'quantity' } as const

function isMap(type: FieldType): type is keyof typeof MAP_VALUES {
  return typeof type === 'string' && Object.hasOwn(MAP_VALUES, type)
}

/** Go writes fields that nobody has set, so what a table leaves out may be there as nothing. */
function isZero(value: Buffer | bigint): boolean {
  if (typeof value === 'bigint') return value === 0n
  return value.length === 0
}

/** https://protobuf.dev/programming-guides/encoding/ */
function* readFields(bytes: Buffer): Generator<{ number: number; value: Buffer | bigint }> {
  let at = 0
  function varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw broken()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw broken()
  }
  function take(length: number): Buffer {
    if (length > bytes.length - at) throw broken()
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const number = Math.floor(tag / 8)
    if (tag % 8 === 0) yield { number, value: varint() }
    else if (tag % 8 === 2) yield { number, value: take(Number(varint())) }
    else if (tag % 8 === 1) take(8)
    else if (tag % 8 === 5) take(4)
    else throw broken()
  }
}

function broken(): StatusError {
  return badRequest('the protobuf body is broken')
}
