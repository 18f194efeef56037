/** DaemonSets: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/daemon-set-v1/ */
import { selectorText } from '../../label-selector.ts'
import type { DaemonSet } from '../../objects.ts'
import { oneOf } from '../pod-spec/field-rules.ts'
import {
  setTemplateDefaults,
  validateCount,
  validateSelectorUpdate,
  validateWorkload,
  workloadColumns,
} from '../pod-spec/template.ts'
import type { ResourceDefinition } from '../resource.ts'
import { ageColumn, nameColumn } from '../table.ts'

/** The kind DaemonSet. */
export const resource: ResourceDefinition<DaemonSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  singular: 'daemonset',
  shortNames: ['ds'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', cell: ({ status }) => status.desiredNumberScheduled },
    { name: 'Current', type: 'integer', cell: ({ status }) => status.currentNumberScheduled },
    { name: 'Ready', type: 'integer', cell: ({ status }) => status.numberReady },
    { name: 'Up-to-date', type: 'integer', cell: ({ status }) => status.updatedNumberScheduled ?? 0 },
    { name: 'Available', type: 'integer', cell: ({ status }) => status.numberAvailable ?? 0 },
    {
      name: 'Node Selector',
      cell: ({ spec }) => selectorText({ matchLabels: spec.template.spec?.nodeSelector }) || '<none>',
    },
    ageColumn,
    ...workloadColumns,
  ],
  prepareCreate(set) {
    set.status = {
      currentNumberScheduled: 0,
      desiredNumberScheduled: 0,
      numberMisscheduled: 0,
      numberReady: 0,
    }
  },
  setDefaults(set) {
    const spec = (set.spec ??= {} as DaemonSet['spec'])
    spec.revisionHistoryLimit ??= 10
    spec.updateStrategy ??= {}
    spec.updateStrategy.type ??= 'RollingUpdate'
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {}
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0
    }
    setTemplateDefaults(spec.template)
  },
  validate: ({ spec }) => [
    ...validateWorkload(spec),
    ...validateCount(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...validateCount(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
    ...oneOf('spec.updateStrategy.type', spec.updateStrategy?.type, ['OnDelete', 'RollingUpdate']),
  ],
  validateUpdate: (next, previous) => validateSelectorUpdate(next.spec, previous.spec),
}
