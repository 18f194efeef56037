/** One object of a workspace on its way to the cluster, and how it is recognised there later. */
import { createHash } from 'node:crypto'
import type { Resource } from '../client.ts'
import { LAST_APPLIED, lastApplied, sorted } from '../last-applied.ts'
import type { KubeObject, Manifest } from '../objects.ts'
import { DIGEST } from '../own-objects.ts'
import type { SourceObject } from './manifests.ts'
import type { Files } from './states.ts'

/** One object on its way to the cluster. */
export interface Target {
  /** `pods/webserver` */
  key: string
  name: string
  resource: Resource
  /** A Pod or a Job: what it runs can't be changed, so a new one takes its place. */
  isReplaced: boolean
  /** The manifest with the lesson's namespace. */
  body: Manifest
  /** Of the manifest, and of the code where it mounts it. */
  digest: string
  file: string
  line: number
}

/** The learner's programs as an object, for pods to mount; none where there is no program. */
export function codeConfigMap(files: Files): SourceObject | undefined {
  const programs = [...files].filter(([name]) => name.endsWith('.ts'))
  if (programs.length === 0) return undefined
  // Without it Node reads each program twice, and says so in the container's log.
  const data = { ...Object.fromEntries(programs), 'package.json': '{ "type": "module" }\n' }
  const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'code' }, data }
  return { file: programs.map(([name]) => name).join(', '), line: 1, manifest }
}

interface RawPodSpec {
  volumes?: { configMap?: { name?: string } }[]
}

/** Whether a pod, or those that a workload makes, see the programs, and so have to be replaced when they change. */
export function mountsCode({ spec }: Manifest): boolean {
  const { volumes } = podSpecOf(spec)
  return Array.isArray(volumes) && volumes.some((volume) => volume?.configMap?.name === 'code')
}

/** The manifest with images that the cluster has in place of those that it can't have by that name. */
export function withImages(manifest: Manifest, images: Record<string, string>): Manifest {
  if (Object.keys(images).length === 0) return manifest
  return mapContainers(manifest, (container) => {
    const image = images[container.image ?? '']
    return image === undefined ? container : { ...container, image }
  })
}

/** Every image that the manifest names. */
export function imagesOf(manifest: Manifest): string[] {
  const images: string[] = []
  mapContainers(manifest, (container) => {
    if (typeof container.image === 'string') images.push(container.image)
    return container
  })
  return images
}

type RawContainer = { image?: string }

/** Wherever a workload may hold them: a Pod, a template, and a template in a template, as a CronJob has it. */
function mapContainers<T>(value: T, map: (container: RawContainer) => RawContainer): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).map(([key, inner]: [string, unknown]) => {
    const isList = (key === 'containers' || key === 'initContainers') && Array.isArray(inner)
    return [key, isList ? (inner as RawContainer[]).map(map) : mapContainers(inner, map)] as const
  })
  return Object.fromEntries(entries) as T
}

/** Of a Pod itself, or of what a Job, a Deployment or a DaemonSet makes pods from. */
function podSpecOf(spec: unknown): RawPodSpec {
  const { template, ...own } = (spec ?? {}) as RawPodSpec & { template?: { spec?: RawPodSpec } }
  return template?.spec ?? own
}

/** The manifest with the code's digest in its pod template, so that new code is a new rollout. */
export function withCodeDigest(manifest: Manifest, digest: string): Manifest {
  const spec = (manifest.spec ?? {}) as { template?: { metadata?: Manifest['metadata'] } }
  if (!spec.template) return manifest
  const { metadata } = spec.template
  const annotations = { ...metadata?.annotations, [CODE]: digest }
  return {
    ...manifest,
    spec: { ...spec, template: { ...spec.template, metadata: { ...metadata, annotations } } },
  }
}

/** As `kubectl apply` would write it, so that the learner's own apply goes on from here. */
export function annotated({ body, digest }: Target): Manifest {
  const annotations = { ...body.metadata.annotations, [LAST_APPLIED]: lastApplied(body), [DIGEST]: digest }
  return { ...body, metadata: { ...body.metadata, annotations } }
}

/** Whether what lives in the cluster came from these very files, through the kit or through kubectl. */
export function isSame(live: KubeObject, target: Target): boolean {
  const { [DIGEST]: digest, [LAST_APPLIED]: applied } = live.metadata.annotations ?? {}
  return digest === undefined ? applied === lastApplied(target.body) : digest === target.digest
}

/** A short name for a value: the same for equal ones, whatever the order of their keys. */
export function digestOf(...parts: unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify(parts.map(sorted)))
    .digest('hex')
    .slice(0, 16)
}

const CODE = 'sidecar-workshop/code'
