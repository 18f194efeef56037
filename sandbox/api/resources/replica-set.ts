/** ReplicaSets: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/replica-set-v1/ */
import type { ReplicaSet } from '../../objects.ts'
import {
  setTemplateDefaults,
  validateCount,
  validateSelectorUpdate,
  validateWorkload,
  workloadColumns,
} from '../pod-spec/template.ts'
import type { ResourceDefinition } from '../resource.ts'
import { scale } from '../subresources/scale.ts'
import { ageColumn, nameColumn } from '../table.ts'

/** The kind ReplicaSet. */
export const resource: ResourceDefinition<ReplicaSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  singular: 'replicaset',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', cell: ({ spec }) => spec.replicas ?? 0 },
    { name: 'Current', type: 'integer', cell: ({ status }) => status.replicas ?? 0 },
    { name: 'Ready', type: 'integer', cell: ({ status }) => status.readyReplicas ?? 0 },
    ageColumn,
    ...workloadColumns,
  ],
  prepareCreate(set) {
    set.status = { replicas: 0 }
  },
  setDefaults(set) {
    set.spec ??= {} as ReplicaSet['spec']
    set.spec.replicas ??= 1
    setTemplateDefaults(set.spec.template)
  },
  validate: ({ spec }) => [
    ...validateCount(spec.replicas, 'spec.replicas'),
    ...validateCount(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...validateWorkload(spec),
  ],
  validateUpdate: (next, previous) => validateSelectorUpdate(next.spec, previous.spec),
  selectableFields: ({ status }) => ({ 'status.replicas': String(status?.replicas ?? 0) }),
  subresources: { scale },
}
