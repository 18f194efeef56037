/** pods/ephemeralcontainers, what `kubectl debug` writes: https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/ */
import { isDeepStrictEqual } from 'node:util'
import type { Container, Pod } from '../../objects.ts'
import { objectResponse } from '../answer.ts'
import { readData, toObject } from '../body.ts'
import { countGeneration, labelProblem } from '../metadata.ts'
import { patchObject } from '../patch/patch.ts'
import { setPodSpecDefaults } from '../pod-spec/defaults.ts'
import type { ApiContext, Subresource } from '../resource.ts'
import type { Route } from '../route.ts'
import {
  type Cause,
  StatusError,
  absent,
  conflict,
  duplicate,
  forbiddenField,
  invalid,
  invalidValue,
  qualified,
  required,
} from '../status.ts'
import { findObject } from '../verbs/read.ts'
import { isDryRun } from '../verbs/writing.ts'

/** What a container that nobody starts again may not have. */
const FORBIDDEN = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'restartPolicy',
] as const

type EphemeralContainer = Container & { targetContainerName?: string }

/** Adds containers to a pod that runs; those that it has stay as they are. */
export const ephemeralContainers: Subresource = {
  verbs: ['get', 'patch', 'update'],
  async handle(api, route, request) {
    const pod = findObject(api, route) as Pod
    if (request.method === 'GET') return objectResponse(api, route.resource, request, pod)
    const asked = await readPod(api, route, request, pod)
    const { resourceVersion } = asked.metadata
    if (resourceVersion && resourceVersion !== pod.metadata.resourceVersion) {
      const why =
        'the object has been modified; please apply your changes to the latest version and try again'
      throw conflict(route.resource, pod.metadata.name, why)
    }
    const next: Pod = structuredClone({
      ...pod,
      spec: { ...pod.spec, ephemeralContainers: asked.spec.ephemeralContainers ?? [] },
    })
    setPodSpecDefaults(next.spec)
    const causes = validate(next, pod)
    if (causes.length > 0) throw invalid('Pod', pod.metadata.name, causes)
    countGeneration(next, pod)
    const stored = isDryRun(route.query) ? next : api.store.put(qualified(route.resource), next)
    return objectResponse(api, route.resource, request, stored)
  },
}

async function readPod(api: ApiContext, route: Route, request: Request, pod: Pod): Promise<Pod> {
  const body = await readData(request, 'Pod')
  if (request.method !== 'PATCH' && request.method !== 'PUT') {
    const message = `the server does not allow this method on the requested resource: ${request.method} pods/ephemeralcontainers`
    throw new StatusError(405, 'MethodNotAllowed', message)
  }
  const raw =
    request.method === 'PUT'
      ? (body as Record<string, unknown>)
      : patchObject(api, route, request, pod, body).raw
  const { object } = toObject(api, route.resource, raw, route.query.get('fieldValidation'))
  return object as Pod
}

function validate({ spec }: Pod, previous: Pod): Cause[] {
  const field = 'spec.ephemeralContainers'
  const next = (spec.ephemeralContainers ?? []) as EphemeralContainer[]
  const before = (previous.spec.ephemeralContainers ?? []) as EphemeralContainer[]
  const causes = before.flatMap((container) => {
    const kept = next.find(({ name }) => name === container.name)
    const what = `existing ephemeral containers ${JSON.stringify(container.name)}`
    if (!kept) return [forbiddenField(field, `${what} may not be removed`)]
    return isDeepStrictEqual(kept, container) ? [] : [forbiddenField(field, `${what} may not be changed`)]
  })
  const others = new Set([...(spec.initContainers ?? []), ...spec.containers].map(({ name }) => name))
  return [...causes, ...next.flatMap((container, at) => validateOne(container, `${field}[${at}]`, others))]
}

function validateOne(container: EphemeralContainer, field: string, others: ReadonlySet<string>): Cause[] {
  const { name, image, targetContainerName: target } = container
  const problem = name ? labelProblem(name) : undefined
  const causes: Cause[] = FORBIDDEN.filter((one) => container[one] !== undefined).map((one) =>
    forbiddenField(`${field}.${one}`, 'cannot be set for an Ephemeral Container'),
  )
  if (!name) causes.push(required(`${field}.name`))
  else if (problem) causes.push(invalidValue(`${field}.name`, name, problem))
  else if (others.has(name)) causes.push(duplicate(`${field}.name`, name))
  if (!image) causes.push(required(`${field}.image`))
  if (target && !others.has(target)) causes.push(absent(`${field}.targetContainerName`, target))
  return causes
}
