/** The objects that every cluster has from the start: its namespaces, and the Service by which pods reach the API server. */
import type { KubeObject, Manifest } from '../objects.ts'
import type { ApiContext } from './resource.ts'
import { qualified } from './status.ts'
import { insertObject } from './verbs/create.ts'

const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system']
/** Where the API server is behind its Service: the node's address as pods see it. */
const API_SERVER = { address: '10.244.0.1', port: 6443 }

/** Makes what is not there yet. */
export function createBuiltIns(api: ApiContext): void {
  for (const name of NAMESPACES) {
    ensure(api, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }
  const labels = { component: 'apiserver', provider: 'kubernetes' }
  const metadata = { namespace: 'default', name: 'kubernetes' }
  const ports = [{ name: 'https', port: API_SERVER.port, protocol: 'TCP' }]
  ensure(api, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata, labels },
    spec: {
      clusterIP: '10.96.0.1',
      ports: [{ name: 'https', port: 443, targetPort: API_SERVER.port, protocol: 'TCP' }],
    },
  })
  ensure(api, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [API_SERVER.address], conditions: { ready: true } }],
    ports,
  })
  ensure(api, {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata,
    subsets: [{ addresses: [{ ip: API_SERVER.address }], ports }],
  })
}

function ensure(api: ApiContext, manifest: Manifest): void {
  const resource = api.resources.find(({ kind }) => kind === manifest.kind)!
  const { namespace, name = '' } = manifest.metadata
  if (api.store.get(qualified(resource), namespace ?? '', name)) return
  const route = { resource, namespace, name, rest: '', query: new URLSearchParams() }
  insertObject(api, route, manifest as unknown as KubeObject, false)
}
