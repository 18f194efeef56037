/** The subresource scale: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/ (kind Scale of autoscaling/v1) */
import { selectorText } from '../../label-selector.ts'
import type { KubeObject, LabelSelector } from '../../objects.ts'
import { json } from '../answer.ts'
import { mediaType, readData } from '../body.ts'
import { isRecord } from '../decode.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import { applyMergePatch } from '../patch/merge-patch.ts'
import type { ApiContext, Subresource } from '../resource.ts'
import type { Route } from '../route.ts'
import { StatusError, badRequest, invalid, invalidValue } from '../status.ts'
import { findObject } from '../verbs/read.ts'
import { isDryRun } from '../verbs/writing.ts'
import { updateReviewed } from '../verbs/update.ts'

/** Reads and sets `spec.replicas` of a workload. */
export const scale: Subresource = {
  verbs: ['get', 'patch', 'update'],
  kind: 'Scale',
  apiVersion: 'autoscaling/v1',
  async handle(api, route, request) {
    const object = findObject(api, route)
    if (request.method === 'GET') return json(scaleOf(object))
    const wanted = await readScale(route, request, object)
    return json(scaleOf(await setReplicas(api, route, object, wanted)))
  },
}

function scaleOf({ metadata, spec, status }: KubeObject): Record<string, unknown> {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata
  const { replicas, selector } = spec as { replicas?: number; selector?: LabelSelector }
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas ? { replicas } : {},
    status: {
      replicas: (status as { replicas?: number } | undefined)?.replicas ?? 0,
      selector: selectorText(selector),
    },
  }
}

/** The Scale that a PUT holds, or that a patch makes of the present one. */
async function readScale(route: Route, request: Request, object: KubeObject): Promise<unknown> {
  const body = await readData(request, 'Scale')
  if (request.method === 'PUT') return body
  if (request.method !== 'PATCH') {
    const message = `the server does not allow this method on the requested resource: ${request.method} ${route.resource.plural}/scale`
    throw new StatusError(405, 'MethodNotAllowed', message)
  }
  // No list of a Scale merges by key, so a strategic merge is a merge.
  return mediaType(request) === 'application/json-patch+json'
    ? applyJsonPatch(scaleOf(object), body)
    : applyMergePatch(scaleOf(object), body)
}

async function setReplicas(
  api: ApiContext,
  route: Route,
  object: KubeObject,
  wanted: unknown,
): Promise<KubeObject> {
  if (!isRecord(wanted) || !isRecord(wanted.metadata ?? {}) || !isRecord(wanted.spec ?? {})) {
    throw badRequest('the body of the request is no Scale')
  }
  const { replicas = 0 } = (wanted.spec ?? {}) as { replicas?: number }
  if (!Number.isInteger(replicas) || replicas < 0) {
    const cause = invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0')
    throw invalid('Scale.autoscaling', object.metadata.name, [cause])
  }
  const { resourceVersion } = (wanted.metadata ?? {}) as { resourceVersion?: string }
  const next = structuredClone(object)
  next.metadata.resourceVersion = resourceVersion ?? object.metadata.resourceVersion
  next.spec = { ...(object.spec as object), replicas }
  const dryRun = isDryRun(route.query)
  return (await updateReviewed(api, route, next, object, { scope: 'object', dryRun })).object
}
