/** Endpoints, which kubectl reads up to 1.30: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoints-v1/ */
import type { Endpoints } from '../../objects.ts'
import type { ResourceDefinition } from '../resource.ts'
import { ageColumn, nameColumn } from '../table.ts'

/** How many addresses a cell names. */
const MAX_SHOWN = 3

/** The kind Endpoints. */
export const resource: ResourceDefinition<Endpoints> = {
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  namespaced: true,
  hasStatus: false,
  columns: [nameColumn, { name: 'Endpoints', cell: (endpoints) => addressesText(endpoints) }, ageColumn],
}

function addressesText({ subsets = [] }: Endpoints): string {
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    addresses.flatMap(({ ip }) => (ports.length > 0 ? ports.map(({ port }) => `${ip}:${port}`) : [ip])),
  )
  if (all.length === 0) return '<none>'
  const more = all.length - MAX_SHOWN
  return all.slice(0, MAX_SHOWN).join(',') + (more > 0 ? ` + ${more} more...` : '')
}
