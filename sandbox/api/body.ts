/** Reads the body of a request: JSON or protobuf, of bounded size, decoded by its kind's schema. */
import type { KubeObject } from '../objects.ts'
import { DecodeError, decode, isRecord } from './decode.ts'
import { type ApiContext, type ResourceDefinition, apiVersionOf } from './resource.ts'
import { StatusError, badRequest } from './status.ts'

/** Kubernetes' own limit, in bytes. */
const MAX_BODY_BYTES = 3 * 1024 * 1024

/** A decoded object, and what `--validate=warn` tells its writer. */
export interface ReadObject {
  object: KubeObject
  warnings: string[]
}

/** The bytes of a body; 413 when there are too many. */
export async function readBytes(request: Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) {
      throw new StatusError(
        413,
        'RequestEntityTooLarge',
        `Request entity too large: limit is ${MAX_BODY_BYTES}`,
      )
    }
    chunks.push(chunk)
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

/** The media type without its parameters, in lower case. */
export function mediaType(request: Request): string {
  return (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase()
}

/** The body as plain data. `what` names it in a refusal. An empty body is `undefined`. */
export async function readData(request: Request, what: string): Promise<unknown> {
  const bytes = await readBytes(request)
  if (bytes.length === 0) return undefined
  const type = mediaType(request)
  if (type === 'application/vnd.kubernetes.protobuf') {
    const { decodeProtobuf } = await import('./protobuf.ts')
    return decodeProtobuf(bytes)
  }
  const text = new TextDecoder().decode(bytes)
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${what}): couldn't get version/kind; json parse error: ${(error as Error).message}`,
    )
  }
}

/** The object in a body, checked to be of the route's kind; 400 for what is no such object. */
export async function readObject(
  api: ApiContext,
  resource: ResourceDefinition,
  request: Request,
): Promise<ReadObject> {
  const supported = ['', 'application/json', 'application/vnd.kubernetes.protobuf']
  if (!supported.includes(mediaType(request))) {
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${supported.slice(1).join(', ')}`,
    )
  }
  const raw = await readData(request, resource.kind)
  if (!isRecord(raw)) throw badRequest(`the body of the request is no ${resource.kind}`)
  const expected = apiVersionOf(resource)
  if (raw.apiVersion && raw.apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${asText(raw.apiVersion)}) does not match the expected API version (${expected})`,
    )
  }
  if (raw.kind && raw.kind !== resource.kind) {
    throw badRequest(`${asText(raw.kind)} in version "${expected}" cannot be handled as a ${resource.kind}`)
  }
  return toObject(api, resource, raw, new URL(request.url).searchParams.get('fieldValidation'))
}

/** A hostile object may have a toString of its own, which is no function. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Decodes plain data; unknown fields are refused, told or dropped, as `fieldValidation` says. */
export function toObject(
  api: ApiContext,
  resource: ResourceDefinition,
  raw: Record<string, unknown>,
  fieldValidation: string | null,
): ReadObject {
  const apiVersion = apiVersionOf(resource)
  const problem = (text: string) =>
    badRequest(`${resource.kind} in version "${apiVersion}" cannot be handled as a ${resource.kind}: ${text}`)
  try {
    const { value, unknownFields } = decode(raw, api.openApi.schemaOf(resource), api.openApi)
    const texts = unknownFields.map((field) => `unknown field ${JSON.stringify(field)}`)
    if (fieldValidation === 'Strict' && texts.length > 0) {
      throw problem(`strict decoding error: ${texts.join(', ')}`)
    }
    const object = { ...value, apiVersion, kind: resource.kind } as KubeObject
    // No field in it is wrong, so a missing metadata is the writer's empty one.
    object.metadata ??= {} as KubeObject['metadata']
    delete object.metadata.managedFields
    return { object, warnings: fieldValidation === 'Ignore' ? [] : texts }
  } catch (error) {
    if (error instanceof DecodeError) throw problem(error.message)
    throw error
  }
}
