/** Bodies that `kubectl create namespace|configmap|secret|serviceaccount` posts: protobuf, by the field numbers of Kubernetes' generated.proto. */
import { StatusError, badRequest } from './status.ts'

/** How the value of a field is written. A text in an array repeats. */
type FieldType = 'text' | 'bytes' | 'int' | 'bool' | 'time' | 'textMap' | 'bytesMap' | Message

interface Field {
  name: string
  type: FieldType
  repeated?: boolean
}

type Message = ReadonlyMap<number, Field>

const message = (...fields: [number, string, FieldType, 'repeated'?][]): Message =>
  new Map(
    fields.map(([number, name, type, repeated]) => [
      number,
      { name, type, repeated: repeated !== undefined },
    ]),
  )

const OWNER = message(
  [1, 'kind', 'text'],
  [3, 'name', 'text'],
  [4, 'uid', 'text'],
  [5, 'apiVersion', 'text'],
  [6, 'controller', 'bool'],
  [7, 'blockOwnerDeletion', 'bool'],
)
const METADATA = message(
  [1, 'name', 'text'],
  [2, 'generateName', 'text'],
  [3, 'namespace', 'text'],
  [5, 'uid', 'text'],
  [6, 'resourceVersion', 'text'],
  [7, 'generation', 'int'],
  [8, 'creationTimestamp', 'time'],
  [9, 'deletionTimestamp', 'time'],
  [10, 'deletionGracePeriodSeconds', 'int'],
  [11, 'labels', 'textMap'],
  [12, 'annotations', 'textMap'],
  [13, 'ownerReferences', OWNER, 'repeated'],
  [14, 'finalizers', 'text', 'repeated'],
)
const REFERENCE = message([1, 'name', 'text'])
const KINDS: Record<string, Message> = {
  Namespace: message(
    [1, 'metadata', METADATA],
    [2, 'spec', message([1, 'finalizers', 'text', 'repeated'])],
    [3, 'status', message([1, 'phase', 'text'])],
  ),
  ConfigMap: message(
    [1, 'metadata', METADATA],
    [2, 'data', 'textMap'],
    [3, 'binaryData', 'bytesMap'],
    [4, 'immutable', 'bool'],
  ),
  Secret: message(
    [1, 'metadata', METADATA],
    [2, 'data', 'bytesMap'],
    [3, 'type', 'text'],
    [4, 'stringData', 'textMap'],
    [5, 'immutable', 'bool'],
  ),
  ServiceAccount: message(
    [1, 'metadata', METADATA],
    [3, 'imagePullSecrets', REFERENCE, 'repeated'],
    [4, 'automountServiceAccountToken', 'bool'],
  ),
}
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
  const table = Object.hasOwn(KINDS, kind ?? '') ? KINDS[kind!] : undefined
  if (!table || apiVersion !== 'v1') {
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
    if (!field) continue
    const decoded = readValue(value, field.type)
    if (field.repeated) ((result[field.name] ??= []) as unknown[]).push(decoded)
    else if (field.type === 'textMap' || field.type === 'bytesMap') {
      Object.assign((result[field.name] ??= {}) as object, decoded)
    } else if (decoded !== '' && decoded !== undefined) result[field.name] = decoded
  }
  return result
}

function readValue(value: Buffer | bigint, type: FieldType): unknown {
  if (type === 'int' || type === 'bool') {
    if (typeof value !== 'bigint') throw broken()
    return type === 'bool' ? value !== 0n : Number(BigInt.asIntN(64, value))
  }
  if (typeof value === 'bigint') throw broken()
  if (type === 'text') return value.toString()
  if (type === 'bytes') return value.toString('base64')
  if (type === 'time') {
    const { seconds } = readMessage(value, message([1, 'seconds', 'int'])) as { seconds?: number }
    // Go writes the zero time, which is no time, as the year 1.
    return seconds !== undefined && seconds > 0 && seconds < 1e11
      ? new Date(seconds * 1000).toISOString()
      : undefined
  }
  if (type === 'textMap' || type === 'bytesMap') {
    const entry = readMessage(
      value,
      message([1, 'key', 'text'], [2, 'value', type === 'textMap' ? 'text' : 'bytes']),
    )
    return Object.fromEntries([[String(entry.key ?? ''), entry.value ?? '']])
  }
  return readMessage(value, type)
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
