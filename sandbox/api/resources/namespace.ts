/** Namespaces: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/namespace-v1/ */
import type { Namespace } from '../../objects.ts'
import type { ResourceDefinition } from '../resource.ts'
import { forbidden } from '../status.ts'
import { ageColumn, nameColumn } from '../table.ts'
import { replaceObject } from '../verbs/update.ts'

/** As the admission plugin NamespaceLifecycle has it. */
const IMMORTAL = new Set(['default', 'kube-system', 'kube-public'])

/** The kind Namespace. */
export const resource: ResourceDefinition<Namespace> = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  namespaced: false,
  hasStatus: true,
  hasLabelName: true,
  columns: [nameColumn, { name: 'Status', cell: ({ status }) => status?.phase ?? '' }, ageColumn],
  prepareCreate(namespace) {
    namespace.spec = { finalizers: ['kubernetes'] }
    namespace.status = { phase: 'Active' }
  },
  prepareUpdate(next, previous) {
    next.spec = previous.spec
  },
  setDefaults(namespace) {
    namespace.metadata.labels = {
      ...namespace.metadata.labels,
      'kubernetes.io/metadata.name': namespace.metadata.name ?? '',
    }
  },
  selectableFields: ({ status }) => ({ 'status.phase': status?.phase ?? '' }),
  isFinalized: ({ spec }) => (spec?.finalizers ?? []).length === 0,
  prepareDelete(namespace) {
    const { name } = namespace.metadata
    if (IMMORTAL.has(name)) throw forbidden(resource, name, 'this namespace may not be deleted')
    namespace.status = { ...namespace.status, phase: 'Terminating' }
  },
  subresources: {
    finalize: {
      verbs: ['update'],
      handle: (api, route, request) => replaceObject(api, route, request, 'finalize'),
    },
  },
}
