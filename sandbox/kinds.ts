/** Where the kinds that controllers look after live in the API. */
import type { Resource } from './client.ts'
import type { Deployment, Job, ReplicaSet } from './objects.ts'

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
