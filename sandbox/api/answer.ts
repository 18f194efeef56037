/** Objects and refusals as HTTP responses, and the JSON text of an object, made once for all who ask. */
import type { KubeObject, Status } from '../objects.ts'
import type { ApiContext, ResourceDefinition } from './resource.ts'
import { type IncludeObject, tableOf, wantsTable } from './table.ts'

// As Kubernetes cuts them; clients refuse headers of more than 16 KiB.
const MAX_WARNINGS_LENGTH = 4096
const MAX_WARNING_LENGTH = 256

const texts = new WeakMap<object, string>()

/** The JSON text of an object of the store; those never change, so it is made once. */
export function jsonOf(object: KubeObject): string {
  let text = texts.get(object)
  if (text === undefined) texts.set(object, (text = JSON.stringify(object)))
  return text
}

/** Any value as a JSON response. */
export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return jsonText(JSON.stringify(value), status, headers)
}

/** JSON text as a response. */
export function jsonText(text: string, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(text, { status, headers: { 'content-type': 'application/json', ...headers } })
}

/** A refusal. */
export function refusal(status: Status): Response {
  return json(status, status.code)
}

/** One object, as JSON or as a table of one row; warnings are what `kubectl` prints as `Warning: …`. */
export function objectResponse(
  api: ApiContext,
  resource: ResourceDefinition,
  request: Request,
  object: KubeObject,
  options: { status?: number; warnings?: string[] } = {},
): Response {
  const body = wantsTable(request)
    ? JSON.stringify(
        tableOf(resource, [object], {
          now: api.clock.now(),
          include: includeOf(request),
          metadata: { resourceVersion: object.metadata.resourceVersion },
        }),
      )
    : jsonOf(object)
  const response = jsonText(body, options.status)
  let left = MAX_WARNINGS_LENGTH
  for (const warning of options.warnings ?? []) {
    const value = `299 - "${headerText(warning.slice(0, MAX_WARNING_LENGTH))}"`
    left -= value.length
    if (left < 0) break
    response.headers.append('warning', value)
  }
  return response
}

/** A quoted string of UTF-8, which headers carry as one character for each byte. */
function headerText(text: string): string {
  const printable = text.replaceAll(/\p{Cc}/gu, ' ').replaceAll(/["\\]/g, '\\$&')
  return Buffer.from(printable).toString('latin1')
}

/** The query parameter `includeObject` of table requests. */
export function includeOf(request: Request): IncludeObject {
  const include = new URL(request.url).searchParams.get('includeObject')
  return include === 'None' || include === 'Object' ? include : 'Metadata'
}
