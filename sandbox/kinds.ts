/** Where the kinds that controllers look after live in the API. */
import type { Resource } from './client.ts'
import type { DaemonSet, Deployment, EndpointSlice, Endpoints, Job, ReplicaSet, Service } from './objects.ts'

/** https://kubernetes.io/docs/concepts/workloads/controllers/deployment/ */
export const DEPLOYMENTS: Resource<Deployment> = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
}
/** https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/ */
export const REPLICA_SETS: Resource<ReplicaSet> = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  namespaced: true,
}
/** https://kubernetes.io/docs/concepts/workloads/controllers/job/ */
export const JOBS: Resource<Job> = { apiVersion: 'batch/v1', kind: 'Job', plural: 'jobs', namespaced: true }
/** https://kubernetes.io/docs/concepts/services-networking/service/ */
export const SERVICES: Resource<Service> = {
  apiVersion: 'v1',
  kind: 'Service',
  plural: 'services',
  namespaced: true,
}
/** https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/ */
export const ENDPOINT_SLICES: Resource<EndpointSlice> = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  namespaced: true,
}
/** Read by kubectl up to 1.30. */
export const ENDPOINTS: Resource<Endpoints> = {
  apiVersion: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  namespaced: true,
}
/** https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/ */
export const DAEMON_SETS: Resource<DaemonSet> = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  namespaced: true,
}
