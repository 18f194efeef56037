/** What a kind of object is to the API server: the shape of every file in resources/, and how they are found. */
import { readdir } from 'node:fs/promises'
import type { Clock } from '../clock.ts'
import type { KubeObject } from '../objects.ts'
import type { Store } from '../store.ts'
import type { NodeStreams } from './node.ts'
import type { OpenApi } from './openapi.ts'
import type { Route } from './route.ts'
import type { Cause } from './status.ts'
import type { Tokens } from './tokens.ts'

/** One column of the table that `kubectl get` prints. */
export interface Column<T extends KubeObject = KubeObject> {
  name: string
  type?: 'string' | 'integer' | 'date'
  /** Shown only with `-o wide`. */
  wide?: boolean
  /** The text of the cell; `now` is in milliseconds since the epoch. */
  cell(object: T, now: number): string | number
}

/** A path below an object that is not the object itself, such as `pods/NAME/log`. */
export interface Subresource {
  /** As discovery lists them: get, create, update … */
  verbs: string[]
  /** The kind that discovery names; that of the object unless told. */
  kind?: string
  /** The group and version of that kind where they are not the object's own, as in `autoscaling/v1`. */
  apiVersion?: string
  handle(api: ApiContext, route: Route, request: Request): Promise<Response>
}

/** One kind. Strategy functions may change their first argument, never the second. */
export interface ResourceDefinition<T extends KubeObject = KubeObject> {
  /** `''` for the core group. */
  group: string
  version: string
  kind: string
  plural: string
  singular: string
  shortNames?: string[]
  categories?: string[]
  namespaced: boolean
  /** Whether `status` is a subresource, written apart from the rest. */
  hasStatus: boolean
  /** Whether metadata.generation counts the changes of spec. */
  hasGeneration?: boolean
  columns: Column<T>[]
  /** Fills in what a writer left out; runs before every validation. */
  setDefaults?(object: T): void
  /** Sets what the writer has no say in, such as the first status. */
  prepareCreate?(object: T, now: number): void
  prepareUpdate?(next: T, previous: T): void
  /** Completes an object from what else there is, after its defaults; refuses by throwing a StatusError. */
  admit?(object: T, api: ApiContext, previous?: T): void
  validate?(object: T): Cause[]
  validateUpdate?(next: T, previous: T): Cause[]
  /** Whether a name is a DNS label (63 characters, no dots) and not a DNS subdomain. */
  hasLabelName?: boolean
  /** What field selectors can ask for, besides metadata.name and metadata.namespace. */
  selectableFields?(object: T): Record<string, string>
  subresources?: Record<string, Subresource>
  /** The seconds that a deletion waits for somebody to finish the object off; 0 removes it at once. */
  gracePeriodSeconds?(object: T, requested: number | undefined): number
  /** Whether an object that is being deleted may go once its grace period is 0. */
  isFinalized?(object: T): boolean
  /** Whether what it owns stays unless a deletion says otherwise, as it was before cascading deletion. */
  orphansDependents?: boolean
  /** Changes an object whose deletion has begun. */
  prepareDelete?(object: T): void
}

/** All that the verbs need. */
export interface ApiContext {
  store: Store
  clock: Clock
  /** Asked at each use: the node comes up after the API server. */
  node: () => NodeStreams
  resources: readonly ResourceDefinition[]
  openApi: OpenApi
  tokens: Tokens
}

/** Loads every file of resources/; core kinds come first, as in Kubernetes' discovery. */
export async function loadResources(): Promise<ResourceDefinition[]> {
  const folder = new URL('./resources/', import.meta.url)
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts')).sort()
  const modules = await Promise.all(files.map((file) => import(new URL(file, folder).href)))
  return (modules as { resource: ResourceDefinition }[])
    .map((module) => module.resource)
    .sort((a, b) => (a.group === b.group ? 0 : a.group < b.group ? -1 : 1))
}

/** `v1` or `apps/v1`. */
export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group ? `${group}/${version}` : version
}

/** `Pod` or `Deployment.apps`, as refusals name a kind. */
export function qualifiedKind({ group, kind }: { group: string; kind: string }): string {
  return group ? `${kind}.${group}` : kind
}
