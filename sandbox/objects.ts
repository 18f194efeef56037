/** Kubernetes objects as the kit passes them around: plain JSON, typed by the published API. */
import type {
  ConfigMap as RawConfigMap,
  Endpoints as RawEndpoints,
  Event as RawEvent,
  Namespace as RawNamespace,
  Secret as RawSecret,
  Service as RawService,
  ServiceAccount as RawServiceAccount,
  ServiceSpec,
  ServiceStatus,
} from 'kubernetes-types/core/v1.d.ts'
import type { Node as RawNode, Pod as RawPod, PodSpec, PodStatus } from 'kubernetes-types/core/v1.d.ts'
import type {
  DaemonSet as RawDaemonSet,
  DaemonSetSpec,
  DaemonSetStatus,
  Deployment as RawDeployment,
  DeploymentSpec,
  DeploymentStatus,
  ReplicaSet as RawReplicaSet,
  ReplicaSetSpec,
  ReplicaSetStatus,
} from 'kubernetes-types/apps/v1.d.ts'
import type { MutatingWebhookConfiguration } from 'kubernetes-types/admissionregistration/v1.d.ts'
import type { Lease as RawLease } from 'kubernetes-types/coordination/v1.d.ts'
import type { EndpointSlice as RawEndpointSlice } from 'kubernetes-types/discovery/v1.d.ts'
import type { Job as RawJob, JobSpec, JobStatus } from 'kubernetes-types/batch/v1.d.ts'
import type { ObjectMeta as RawObjectMeta } from 'kubernetes-types/meta/v1.d.ts'

export type {
  Container,
  ContainerState,
  ContainerStatus,
  PodCondition,
  PodSpec,
  PodStatus,
  PodTemplateSpec,
  ServicePort,
  Volume,
} from 'kubernetes-types/core/v1.d.ts'
export type { DeploymentCondition, DeploymentStatus } from 'kubernetes-types/apps/v1.d.ts'
export type { JobCondition, JobStatus } from 'kubernetes-types/batch/v1.d.ts'
export type { Endpoint, EndpointPort } from 'kubernetes-types/discovery/v1.d.ts'
export type { LabelSelector, OwnerReference } from 'kubernetes-types/meta/v1.d.ts'

/** Metadata of an object that has been stored: what the API server always fills in is not optional. */
export type ObjectMeta = RawObjectMeta & {
  name: string
  uid: string
  resourceVersion: string
  creationTimestamp: string
}

/** Any stored object. `namespace` is absent on cluster-scoped ones. */
export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  [field: string]: unknown
}

type Stored<T> = Omit<T, 'apiVersion' | 'kind' | 'metadata'> & KubeObject

/** A stored Pod; the API server has defaulted its spec. */
export type Pod = Stored<RawPod> & {
  metadata: ObjectMeta & { namespace: string }
  spec: PodSpec
  status: PodStatus
}
/** A stored Namespace. */
export type Namespace = Stored<RawNamespace>
/** A stored core/v1 Event. */
export type Event = Stored<RawEvent>
/** A stored Node. */
export type Node = Stored<RawNode>
/** A stored ConfigMap. */
export type ConfigMap = Stored<RawConfigMap>
/** A stored Secret. */
export type Secret = Stored<RawSecret>
/** A stored ServiceAccount. */
export type ServiceAccount = Stored<RawServiceAccount>

type Namespaced = { metadata: ObjectMeta & { namespace: string } }
/** A stored Deployment; the API server has defaulted its spec. */
export type Deployment = Stored<RawDeployment> &
  Namespaced & { spec: DeploymentSpec; status: DeploymentStatus }
/** A stored ReplicaSet; the API server has defaulted its spec. */
export type ReplicaSet = Stored<RawReplicaSet> &
  Namespaced & { spec: ReplicaSetSpec; status: ReplicaSetStatus }
/** A stored DaemonSet; the API server has defaulted its spec. */
export type DaemonSet = Stored<RawDaemonSet> & Namespaced & { spec: DaemonSetSpec; status: DaemonSetStatus }
/** A stored Job; the API server has defaulted its spec. */
export type Job = Stored<RawJob> & Namespaced & { spec: JobSpec; status: JobStatus }
/** A stored Service; the API server has defaulted its spec. */
export type Service = Stored<RawService> & Namespaced & { spec: ServiceSpec; status: ServiceStatus }
/** A stored EndpointSlice. */
export type EndpointSlice = Stored<RawEndpointSlice> & Namespaced
/** A stored Endpoints: what EndpointSlices were before. */
export type Endpoints = Stored<RawEndpoints> & Namespaced
/** A stored Lease. */
export type Lease = Stored<RawLease>
/** A stored MutatingWebhookConfiguration or ValidatingWebhookConfiguration. */
export type WebhookConfiguration = Stored<MutatingWebhookConfiguration>

/** Something to be created: as a learner writes it, before the API server fills it in. */
export interface Manifest {
  apiVersion: string
  kind: string
  metadata: RawObjectMeta
  [field: string]: unknown
}

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
export interface Status {
  kind: 'Status'
  apiVersion: 'v1'
  metadata: Record<string, unknown>
  status: 'Success' | 'Failure'
  message?: string
  /** CamelCase, for machines: NotFound, AlreadyExists, Conflict, Invalid, BadRequest … */
  reason?: string
  details?: {
    name?: string
    group?: string
    kind?: string
    uid?: string
    causes?: { reason?: string; message?: string; field?: string }[]
    retryAfterSeconds?: number
  }
  code: number
}

/** One line of a watch. An ERROR carries a Status, a BOOKMARK only a resourceVersion. */
export interface WatchEvent<T extends KubeObject = KubeObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  object: T
}
