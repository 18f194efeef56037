/** The verb patch, in its four kinds. */
import type { KubeObject } from '../../objects.ts'
import { objectResponse } from '../answer.ts'
import { readData, toObject } from '../body.ts'
import { patchObject } from '../patch/patch.ts'
import type { ApiContext } from '../resource.ts'
import type { Route } from '../route.ts'
import { StatusError, notFound, qualified } from '../status.ts'
import { insertReviewed } from './create.ts'
import { type UpdateScope, updateReviewed } from './update.ts'
import { isDryRun } from './writing.ts'

/** As often as Kubernetes tries. */
const MAX_PATCH_ATTEMPTS = 5

/** PATCH in its four kinds; server-side apply creates what does not exist. */
export async function patchRoute(
  api: ApiContext,
  route: Route,
  request: Request,
  scope: UpdateScope,
): Promise<Response> {
  const patch = await readData(request, route.resource.kind)
  for (let attempt = 1; ; attempt += 1) {
    const previous = api.store.get(qualified(route.resource), route.namespace ?? '', route.name!)
    try {
      return await patchOnce(api, route, request, scope, structuredClone(patch), previous)
    } catch (error) {
      // While a webhook thought, somebody else wrote: the patch may fit what is there now.
      const now = api.store.get(qualified(route.resource), route.namespace ?? '', route.name!)
      const isStale = error instanceof StatusError && error.status.code === 409 && now !== previous
      if (!isStale || attempt === MAX_PATCH_ATTEMPTS) throw error
    }
  }
}

async function patchOnce(
  api: ApiContext,
  route: Route,
  request: Request,
  scope: UpdateScope,
  patch: unknown,
  previous: KubeObject | undefined,
): Promise<Response> {
  const { resource } = route
  const dryRun = isDryRun(route.query)
  const { raw, mayCreate } = patchObject(api, route, request, previous, patch)
  const { object, warnings } = toObject(api, resource, raw, route.query.get('fieldValidation'))
  if (!previous && mayCreate) {
    object.metadata.name ??= route.name!
    const created = await insertReviewed(api, route, object, dryRun)
    const told = [...warnings, ...created.warnings]
    return objectResponse(api, resource, request, created.object, { status: 201, warnings: told })
  }
  if (!previous) throw notFound(resource, route.name!)
  const updated = await updateReviewed(api, route, object, previous, { scope, dryRun })
  const told = [...warnings, ...updated.warnings]
  return objectResponse(api, resource, request, updated.object, { warnings: told })
}
