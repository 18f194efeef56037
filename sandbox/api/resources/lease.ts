/** Leases, by which a node says that it is alive: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/ */
import type { Lease } from '../../objects.ts'
import type { ResourceDefinition } from '../resource.ts'
import { ageColumn, nameColumn } from '../table.ts'

/** The kind Lease. */
export const resource: ResourceDefinition<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  singular: 'lease',
  namespaced: true,
  hasStatus: false,
  columns: [nameColumn, { name: 'Holder', cell: ({ spec }) => spec?.holderIdentity ?? '' }, ageColumn],
}
