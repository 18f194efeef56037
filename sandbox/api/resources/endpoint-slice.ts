/** EndpointSlices: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/ */
import type { EndpointSlice } from '../../objects.ts'
import { oneOf } from '../pod-spec/field-rules.ts'
import type { ResourceDefinition } from '../resource.ts'
import { ageColumn, nameColumn } from '../table.ts'

/** How many addresses and ports a cell names. */
const MAX_SHOWN = 3

/** The kind EndpointSlice. */
export const resource: ResourceDefinition<EndpointSlice> = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  singular: 'endpointslice',
  namespaced: true,
  hasStatus: false,
  hasGeneration: true,
  columns: [
    nameColumn,
    { name: 'AddressType', cell: ({ addressType }) => addressType },
    { name: 'Ports', cell: ({ ports }) => listText((ports ?? []).map(({ port }) => String(port ?? '*'))) },
    {
      name: 'Endpoints',
      cell: ({ endpoints }) => listText((endpoints ?? []).flatMap(({ addresses }) => addresses)),
    },
    ageColumn,
  ],
  setDefaults({ ports }) {
    for (const port of ports ?? []) {
      port.name ??= ''
      port.protocol ??= 'TCP'
    }
  },
  validate: ({ addressType }) => oneOf('addressType', addressType, ['FQDN', 'IPv4', 'IPv6']),
}

function listText(items: readonly string[]): string {
  if (items.length === 0) return '<unset>'
  const more = items.length - MAX_SHOWN
  return items.slice(0, MAX_SHOWN).join(',') + (more > 0 ? ` + ${more} more...` : '')
}
