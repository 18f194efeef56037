/** Jobs: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/ */
import { isDeepStrictEqual } from 'node:util'
import type { Job } from '../../objects.ts'
import {
  setTemplateDefaults,
  validateCount,
  validateTemplate,
  workloadColumns,
} from '../pod-spec/template.ts'
import type { ResourceDefinition } from '../resource.ts'
import { type Cause, forbiddenField, invalidValue, required, unsupported } from '../status.ts'
import { ageColumn, durationText, nameColumn } from '../table.ts'

/** The kind Job. */
export const resource: ResourceDefinition<Job> = {
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  singular: 'job',
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  orphansDependents: true,
  columns: [
    nameColumn,
    { name: 'Status', cell: (job) => statusText(job) },
    { name: 'Completions', cell: (job) => completionsText(job) },
    { name: 'Duration', cell: (job, now) => durationOf(job, now) },
    ageColumn,
    ...workloadColumns,
  ],
  prepareCreate(job) {
    job.status = {}
    if (!job.spec?.template || job.spec.manualSelector) return
    const { uid, name } = job.metadata
    const metadata = (job.spec.template.metadata ??= {})
    metadata.labels = {
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': name ?? '',
      'controller-uid': uid,
      'job-name': name ?? '',
      ...metadata.labels,
    }
    job.spec.selector ??= { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } }
  },
  setDefaults(job) {
    const spec = (job.spec ??= {} as Job['spec'])
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
    spec.parallelism ??= 1
    spec.backoffLimit ??= 6
    spec.completionMode ??= 'NonIndexed'
    spec.suspend ??= false
    spec.manualSelector ??= false
    spec.podReplacementPolicy ??= 'TerminatingOrFailed'
    setTemplateDefaults(spec.template)
    const { labels } = spec.template?.metadata ?? {}
    if (Object.keys(job.metadata.labels ?? {}).length === 0 && labels) job.metadata.labels = { ...labels }
  },
  validate: ({ spec }) => [
    ...validateCount(spec.parallelism, 'spec.parallelism'),
    ...validateCount(spec.completions, 'spec.completions'),
    ...validateCount(spec.activeDeadlineSeconds, 'spec.activeDeadlineSeconds'),
    ...validateCount(spec.backoffLimit, 'spec.backoffLimit'),
    ...validateCount(spec.ttlSecondsAfterFinished, 'spec.ttlSecondsAfterFinished'),
    ...validateTemplate(spec.template, ['Always', 'OnFailure', 'Never']),
    ...validateRestartPolicy(spec),
    ...refuseUnserved(spec),
  ],
  validateUpdate: ({ spec: next }, { spec: previous }) =>
    (['completions', 'selector', 'template', 'completionMode'] as const)
      .filter((field) => !isDeepStrictEqual(next[field], previous[field]))
      .map((field) => invalidValue(`spec.${field}`, next[field], 'field is immutable')),
  selectableFields: ({ status }) => ({ 'status.successful': String(status?.succeeded ?? 0) }),
}

function validateRestartPolicy({ template }: Job['spec']): Cause[] {
  if (template?.spec?.restartPolicy !== 'Always') return []
  return [required('spec.template.spec.restartPolicy', 'valid values: "OnFailure", "Never"')]
}

/** Better a clear no than a Job that does something else than it says. */
function refuseUnserved(spec: Job['spec']): Cause[] {
  const causes: Cause[] = []
  if (spec.completionMode !== 'NonIndexed') {
    causes.push(unsupported('spec.completionMode', spec.completionMode, ['NonIndexed']))
  }
  if (spec.podReplacementPolicy !== 'TerminatingOrFailed') {
    causes.push(unsupported('spec.podReplacementPolicy', spec.podReplacementPolicy, ['TerminatingOrFailed']))
  }
  const detail = 'is not served by the embedded cluster; start kind with `npm run cluster up kind`'
  if (spec.suspend) causes.push(forbiddenField('spec.suspend', detail))
  const fields = ['podFailurePolicy', 'successPolicy', 'backoffLimitPerIndex', 'managedBy'] as const
  for (const field of fields) if (field in spec) causes.push(forbiddenField(`spec.${field}`, detail))
  return causes
}

function statusText({ metadata, status }: Job): string {
  const has = (type: string) => status.conditions?.some((one) => one.type === type && one.status === 'True')
  if (has('Complete')) return 'Complete'
  if (has('Failed')) return 'Failed'
  if (metadata.deletionTimestamp) return 'Terminating'
  return ['FailureTarget', 'SuccessCriteriaMet'].find(has) ?? 'Running'
}

function completionsText({ spec, status }: Job): string {
  const { succeeded = 0 } = status
  const { completions, parallelism = 1 } = spec
  if (completions !== undefined) return `${succeeded}/${completions}`
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function durationOf({ status }: Job, now: number): string {
  const { startTime, completionTime } = status
  if (!startTime) return ''
  return durationText((completionTime ? Date.parse(completionTime) : now) - Date.parse(startTime))
}
