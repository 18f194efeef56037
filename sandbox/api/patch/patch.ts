/** Chooses the patch of a request by its content type. */
import type { KubeObject } from '../../objects.ts'
import { mediaType } from '../body.ts'
import { isRecord } from '../decode.ts'
import { type ApiContext, apiVersionOf } from '../resource.ts'
import type { Route } from '../route.ts'
import { StatusError, badRequest, notFound } from '../status.ts'
import { applyServerSide } from './apply.ts'
import { applyJsonPatch } from './json-patch.ts'
import { applyMergePatch } from './merge-patch.ts'
import { applyStrategicMerge } from './strategic-merge.ts'

const TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]

/** The patched object before it is decoded; `mayCreate` when it need not have existed. */
export function patchObject(
  api: ApiContext,
  route: Route,
  request: Request,
  previous: KubeObject | undefined,
  patch: unknown,
): { raw: Record<string, unknown>; mayCreate: boolean } {
  const { resource } = route
  const type = mediaType(request)
  if (!TYPES.includes(type)) {
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${TYPES.join(', ')}`,
    )
  }
  const mayCreate = type === 'application/apply-patch+yaml'
  if (!previous && !mayCreate) throw notFound(resource, route.name!)
  if (type === 'application/json-patch+json') {
    return { raw: asRecord(applyJsonPatch(previous, patch)), mayCreate }
  }
  const fields = asRecord(patch)
  if (type === 'application/merge-patch+json') {
    return { raw: asRecord(applyMergePatch(previous, fields)), mayCreate }
  }
  const schema = api.openApi.schemaOf(resource)
  if (!mayCreate) return { raw: applyStrategicMerge(previous!, fields, schema, api.openApi), mayCreate }
  if (!route.query.get('fieldManager')) {
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    )
  }
  if (fields.apiVersion !== apiVersionOf(resource) || fields.kind !== resource.kind) {
    throw badRequest(
      `apply patches name their object: apiVersion ${apiVersionOf(resource)}, kind ${resource.kind}`,
    )
  }
  return { raw: applyServerSide(previous ?? {}, fields, schema, api.openApi), mayCreate }
}

function asRecord(value: unknown): Record<string, unknown> {
  if (!isRecord(value)) throw badRequest('the patch does not describe an object')
  return value
}
