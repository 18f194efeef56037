/** ServiceAccounts: https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/service-account-v1/ */
import type { ServiceAccount } from '../../objects.ts'
import type { ResourceDefinition } from '../resource.ts'
import { token } from '../subresources/token.ts'
import { ageColumn, nameColumn } from '../table.ts'

/** The kind ServiceAccount. */
export const resource: ResourceDefinition<ServiceAccount> = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  namespaced: true,
  hasStatus: false,
  subresources: { token },
  columns: [nameColumn, { name: 'Secrets', cell: ({ secrets }) => secrets?.length ?? 0 }, ageColumn],
}
