/** Events: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ (their core/v1 form) */
import type { Event } from '../../objects.ts'
import type { ResourceDefinition } from '../resource.ts'
import { invalidValue } from '../status.ts'
import { ageText, nameColumn } from '../table.ts'

/** The kind Event. */
export const resource: ResourceDefinition<Event> = {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  namespaced: true,
  hasStatus: false,
  columns: [
    { name: 'Last Seen', cell: (event, now) => ageText(lastSeen(event), now) },
    { name: 'Type', cell: ({ type }) => type ?? '' },
    { name: 'Reason', cell: ({ reason }) => reason ?? '' },
    { name: 'Object', cell: (event) => objectText(event) },
    { name: 'Subobject', wide: true, cell: ({ involvedObject }) => involvedObject.fieldPath ?? '' },
    { name: 'Source', wide: true, cell: (event) => sourceText(event) },
    { name: 'Message', cell: ({ message }) => (message ?? '').trim() },
    { name: 'First Seen', wide: true, cell: (event, now) => ageText(firstSeen(event), now) },
    { name: 'Count', wide: true, cell: ({ series, count }) => series?.count ?? count ?? 1 },
    { ...nameColumn, wide: true },
  ],
  setDefaults(event) {
    event.involvedObject ??= {}
  },
  validate({ involvedObject, metadata }) {
    const { namespace = '' } = involvedObject
    if (namespace === metadata.namespace || (namespace === '' && metadata.namespace === 'default')) return []
    return [invalidValue('involvedObject.namespace', namespace, 'does not match event.namespace')]
  },
  selectableFields: ({ involvedObject: involved, reason, source, type, reportingComponent }) => ({
    'involvedObject.kind': involved?.kind ?? '',
    'involvedObject.namespace': involved?.namespace ?? '',
    'involvedObject.name': involved?.name ?? '',
    'involvedObject.uid': involved?.uid ?? '',
    'involvedObject.apiVersion': involved?.apiVersion ?? '',
    'involvedObject.resourceVersion': involved?.resourceVersion ?? '',
    'involvedObject.fieldPath': involved?.fieldPath ?? '',
    reason: reason ?? '',
    reportingComponent: reportingComponent ?? '',
    source: source?.component ?? reportingComponent ?? '',
    type: type ?? '',
  }),
}

function firstSeen({ firstTimestamp, eventTime }: Event): string | undefined {
  return firstTimestamp ?? eventTime
}

function lastSeen(event: Event): string | undefined {
  return event.series?.lastObservedTime ?? event.lastTimestamp ?? firstSeen(event)
}

function objectText({ involvedObject: { kind = '', name = '' } }: Event): string {
  return `${kind.toLowerCase()}/${name}`
}

function sourceText({ source, reportingComponent, reportingInstance }: Event): string {
  const component = source?.component ?? reportingComponent ?? ''
  const host = source?.host ?? reportingInstance
  return host ? `${component}, ${host}` : component
}
