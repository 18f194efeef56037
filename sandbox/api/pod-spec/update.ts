/** Which fields of a pod's spec may change: https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement */
import { isDeepStrictEqual } from 'node:util'
import type { Container, Pod, PodSpec } from '../../objects.ts'
import { type Cause, forbiddenField } from '../status.ts'

const ALLOWED =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

/** Refuses changes of a pod's spec but those that Kubernetes allows. */
export function validatePodUpdate(next: Pod, previous: Pod): Cause[] {
  const causes: Cause[] = []
  for (const list of ['containers', 'initContainers'] as const) {
    if ((next.spec[list]?.length ?? 0) !== (previous.spec[list]?.length ?? 0)) {
      causes.push(forbiddenField(`spec.${list}`, 'pod updates may not add or remove containers'))
    }
  }
  if (causes.length > 0) return causes
  const lost = (previous.spec.tolerations ?? []).filter(
    (one) => !(next.spec.tolerations ?? []).some((kept) => isDeepStrictEqual(one, kept)),
  )
  if (lost.length > 0) {
    const detail = 'existing toleration can not be modified except its tolerationSeconds'
    causes.push(forbiddenField('spec.tolerations', detail))
  }
  const adjusted = withAllowedChanges(next.spec, previous.spec)
  if (!isDeepStrictEqual(adjusted, previous.spec)) {
    const changes = differences(previous.spec, adjusted, 'spec').join('\n')
    causes.push(forbiddenField('spec', `${ALLOWED}\n${changes}\n`))
  }
  return causes
}

/** The new spec with what may change put back. */
function withAllowedChanges(next: PodSpec, previous: PodSpec): PodSpec {
  const result: PodSpec = {
    ...next,
    containers: withImagesOf(previous.containers, next.containers),
    tolerations: previous.tolerations,
    activeDeadlineSeconds: previous.activeDeadlineSeconds,
  }
  if (next.initContainers) {
    result.initContainers = withImagesOf(previous.initContainers ?? [], next.initContainers)
  }
  return JSON.parse(JSON.stringify(result)) as PodSpec
}

function withImagesOf(previous: Container[], next: Container[]): Container[] {
  return next.map((container, at) => ({ ...container, image: previous[at]?.image }))
}

/** Lines of `- path: before` and `+ path: after`. */
function differences(before: unknown, after: unknown, path: string): string[] {
  if (isDeepStrictEqual(before, after)) return []
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null) {
    return [
      ...(before === undefined ? [] : [`- ${path}: ${JSON.stringify(before)}`]),
      ...(after === undefined ? [] : [`+ ${path}: ${JSON.stringify(after)}`]),
    ]
  }
  const isList = Array.isArray(before)
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].flatMap((key) =>
    differences(
      (before as Record<string, unknown>)[key],
      (after as Record<string, unknown>)[key],
      isList ? `${path}[${key}]` : `${path}.${key}`,
    ),
  )
}
