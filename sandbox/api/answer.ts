/** Objects and refusals as HTTP responses, and the JSON text of an object, made once for all who ask. */
import type { KubeObject, Status } from '../objects.ts'
import type { ApiContext, ResourceDefinition } from './resource.ts'
import { type IncludeObject, tableOf, wantsTable } from './table.ts'

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
  for (const warning of options.warnings ?? []) {
    response.headers.append('warning', `299 - "${warning.replaceAll(/["\\]/g, '\\$&')}"`)
  }
  return response
}

/** The query parameter `includeObject` of table requests. */
export function includeOf(request: Request): IncludeObject {
  const include = new URL(request.url).searchParams.get('includeObject')
  return include === 'None' || include === 'Object' ? include : 'Metadata'
}
