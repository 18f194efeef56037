/** The pod templates of workloads: completed, checked, and shown in wide rows. */
import { isDeepStrictEqual } from 'node:util'
import type { KubeObject, LabelSelector, PodTemplateSpec } from '../../objects.ts'
import { selects, selectorText } from '../../label-selector.ts'
import { qualifiedNameProblem, validateLabels } from '../metadata.ts'
import type { Column } from '../resource.ts'
import { type Cause, forbiddenField, invalidValue, required, unsupported } from '../status.ts'
import { setPodSpecDefaults } from './defaults.ts'
import { validatePodSpec } from './validation.ts'

/** The part of a spec that all workloads share. */
export interface Workload {
  selector?: LabelSelector
  template?: PodTemplateSpec
}

/** Completes a template in place. */
export function setTemplateDefaults(template: PodTemplateSpec | undefined): void {
  if (!template) return
  template.metadata ??= {}
  template.spec ??= { containers: [] }
  setPodSpecDefaults(template.spec)
}

/** Checks `spec.template` and its pod; `restartPolicies` are those that the workload can live with. */
export function validateTemplate(
  template: PodTemplateSpec | undefined,
  restartPolicies: readonly string[],
): Cause[] {
  const field = 'spec.template'
  const { labels, annotations = {} } = template?.metadata ?? {}
  const causes = validateLabels(labels, `${field}.labels`)
  for (const key of Object.keys(annotations)) {
    const problem = qualifiedNameProblem(key.toLowerCase())
    if (problem) causes.push(invalidValue(`${field}.annotations`, key, problem))
  }
  causes.push(...validatePodSpec(template?.spec, `${field}.spec`))
  const policy = template?.spec?.restartPolicy
  if (policy !== undefined && !restartPolicies.includes(policy)) {
    causes.push(unsupported(`${field}.spec.restartPolicy`, policy, restartPolicies))
  }
  return causes
}

/** Checks `spec.selector` and a template of pods that run for ever. */
export function validateWorkload({ selector, template }: Workload): Cause[] {
  const causes = validateTemplate(template, ['Always'])
  if (template?.spec?.activeDeadlineSeconds !== undefined) {
    const detail = 'activeDeadlineSeconds in ReplicaSet is not Supported'
    causes.push(forbiddenField('spec.template.spec.activeDeadlineSeconds', detail))
  }
  if (!selector) return [required('spec.selector'), ...causes]
  if (selectorText(selector) === '') {
    const detail = 'empty selector is invalid for deployment'
    return [invalidValue('spec.selector', selector, detail), ...causes]
  }
  const labels = template?.metadata?.labels ?? {}
  if (selects(selector, labels)) return causes
  const detail = '`selector` does not match template `labels`'
  return [...causes, invalidValue('spec.template.metadata.labels', labels, detail)]
}

/** Refuses a change of the selector. */
export function validateSelectorUpdate(next: Workload, previous: Workload): Cause[] {
  if (isDeepStrictEqual(next.selector, previous.selector)) return []
  return [invalidValue('spec.selector', next.selector, 'field is immutable')]
}

/** A count that may not be negative. */
export function validateCount(value: number | undefined, field: string): Cause[] {
  return value !== undefined && value < 0
    ? [invalidValue(field, value, 'must be greater than or equal to 0')]
    : []
}

/** The columns of a workload that only `-o wide` shows. */
export const workloadColumns: Column<KubeObject>[] = [
  { name: 'Containers', wide: true, cell: (object) => containersOf(object, 'name') },
  { name: 'Images', wide: true, cell: (object) => containersOf(object, 'image') },
  { name: 'Selector', wide: true, cell: ({ spec }) => selectorText((spec as Workload).selector) || '<none>' },
]

function containersOf({ spec }: KubeObject, field: 'name' | 'image'): string {
  const containers = (spec as Workload).template?.spec?.containers ?? []
  return containers.map((container) => container[field]).join(',')
}
