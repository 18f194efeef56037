/** What is wrong with a PodSpec: https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go */
import type { PodSpec } from '../../objects.ts'
import { labelProblem, subdomainProblem, validateLabels } from '../metadata.ts'
import { type Cause, invalidValue, required } from '../status.ts'
import { validateContainers } from './container-validation.ts'
import { oneOf } from './field-rules.ts'
import { validateVolumes } from './volume-validation.ts'

/** Checks a defaulted spec; `field` is where it stands, as in `spec` or `spec.template.spec`. */
export function validatePodSpec(spec: PodSpec | undefined, field: string): Cause[] {
  if (!spec) return [required(`${field}.containers`)]
  return [
    ...validateVolumes(spec.volumes ?? [], `${field}.volumes`),
    ...validateContainers(spec, field),
    ...validateChoices(spec, field),
    ...validateFigures(spec, field),
    ...validateNames(spec, field),
  ]
}

function validateChoices(spec: PodSpec, field: string): Cause[] {
  return [
    ...oneOf(`${field}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']),
    ...oneOf(`${field}.dnsPolicy`, spec.dnsPolicy, [
      'ClusterFirst',
      'ClusterFirstWithHostNet',
      'Default',
      'None',
    ]),
  ]
}

function validateFigures(spec: PodSpec, field: string): Cause[] {
  const causes: Cause[] = []
  const { terminationGracePeriodSeconds: grace = 0, activeDeadlineSeconds: deadline } = spec
  if (grace < 0) {
    const text = 'must be greater than or equal to 0'
    causes.push(invalidValue(`${field}.terminationGracePeriodSeconds`, grace, text))
  }
  if (deadline !== undefined && (deadline < 1 || deadline > 2 ** 31 - 1)) {
    const text = 'must be between 1 and 2147483647, inclusive'
    causes.push(invalidValue(`${field}.activeDeadlineSeconds`, deadline, text))
  }
  return causes
}

function validateNames(spec: PodSpec, field: string): Cause[] {
  const causes = validateLabels(spec.nodeSelector, `${field}.nodeSelector`)
  const names = [
    ['serviceAccountName', subdomainProblem],
    ['nodeName', subdomainProblem],
    ['hostname', labelProblem],
    ['subdomain', labelProblem],
  ] as const
  for (const [name, problemOf] of names) {
    const value = spec[name]
    const problem = value ? problemOf(value) : undefined
    if (problem) causes.push(invalidValue(`${field}.${name}`, value, problem))
  }
  return causes
}
