/** Deployments: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/ */
import type { Deployment } from '../../objects.ts'
import {
  setTemplateDefaults,
  validateCount,
  validateSelectorUpdate,
  validateWorkload,
  workloadColumns,
} from '../pod-spec/template.ts'
import type { ResourceDefinition } from '../resource.ts'
import { type Cause, forbiddenField, invalidValue, unsupported } from '../status.ts'
import { scale } from '../subresources/scale.ts'
import { ageColumn, nameColumn } from '../table.ts'

/** The kind Deployment. */
export const resource: ResourceDefinition<Deployment> = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  singular: 'deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    { name: 'Ready', cell: ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}` },
    { name: 'Up-to-date', type: 'integer', cell: ({ status }) => status.updatedReplicas ?? 0 },
    { name: 'Available', type: 'integer', cell: ({ status }) => status.availableReplicas ?? 0 },
    ageColumn,
    ...workloadColumns,
  ],
  prepareCreate(deployment) {
    deployment.status = {}
  },
  setDefaults(deployment) {
    const spec = (deployment.spec ??= {} as Deployment['spec'])
    spec.replicas ??= 1
    spec.revisionHistoryLimit ??= 10
    spec.progressDeadlineSeconds ??= 600
    spec.strategy ??= {}
    spec.strategy.type ??= 'RollingUpdate'
    if (spec.strategy.type === 'RollingUpdate') {
      spec.strategy.rollingUpdate ??= {}
      spec.strategy.rollingUpdate.maxUnavailable ??= '25%'
      spec.strategy.rollingUpdate.maxSurge ??= '25%'
    }
    setTemplateDefaults(spec.template)
  },
  validate: ({ spec }) => [
    ...validateCount(spec.replicas, 'spec.replicas'),
    ...validateWorkload(spec),
    ...validateStrategy(spec),
    ...validateCount(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...validateCount(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
    ...validateDeadline(spec),
  ],
  validateUpdate: (next, previous) => validateSelectorUpdate(next.spec, previous.spec),
  subresources: { scale },
}

function validateStrategy({ strategy = {} }: Deployment['spec']): Cause[] {
  const { type, rollingUpdate } = strategy
  const field = 'spec.strategy'
  if (type === 'Recreate') {
    const detail = "may not be specified when strategy `type` is 'Recreate'"
    return rollingUpdate ? [forbiddenField(`${field}.rollingUpdate`, detail)] : []
  }
  if (type !== 'RollingUpdate') return [unsupported(`${field}.type`, type, ['Recreate', 'RollingUpdate'])]
  const { maxSurge, maxUnavailable } = rollingUpdate ?? {}
  const place = `${field}.rollingUpdate`
  const causes = [
    ...validateAmount(maxUnavailable, `${place}.maxUnavailable`),
    ...validateAmount(maxSurge, `${place}.maxSurge`),
  ]
  if (isNone(maxUnavailable) && isNone(maxSurge)) {
    const detail = 'may not be 0 when `maxSurge` is 0'
    causes.push(invalidValue(`${place}.maxUnavailable`, maxUnavailable, detail))
  }
  if (typeof maxUnavailable === 'string' && Number.parseInt(maxUnavailable, 10) > 100) {
    causes.push(invalidValue(`${place}.maxUnavailable`, maxUnavailable, 'must not be greater than 100%'))
  }
  return causes
}

/** A number or a percentage. */
function validateAmount(value: number | string | undefined, field: string): Cause[] {
  if (typeof value !== 'string') return validateCount(value, field)
  if (/^[0-9]+%$/.test(value)) return []
  const detail =
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
  return [invalidValue(field, value, detail)]
}

function isNone(value: number | string | undefined): boolean {
  return Number.parseInt(String(value ?? 0), 10) === 0
}

function validateDeadline({
  progressDeadlineSeconds = 600,
  minReadySeconds = 0,
}: Deployment['spec']): Cause[] {
  const field = 'spec.progressDeadlineSeconds'
  const causes = validateCount(progressDeadlineSeconds, field)
  if (progressDeadlineSeconds > minReadySeconds) return causes
  const detail = 'must be greater than minReadySeconds'
  return [...causes, invalidValue(field, progressDeadlineSeconds, detail)]
}
