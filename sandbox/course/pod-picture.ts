/** What a picture of a pod shows, read from its manifest; drawing it is the renderer's affair. */
import { WorkshopError } from '../errors.ts'
import type { Manifest } from '../objects.ts'
import { parseManifests } from './manifests.ts'

/** A container in the picture. */
export interface PictureContainer {
  name: string
  image: string
  /** `init` runs before the others; `sidecar` is an init container with restartPolicy: Always. */
  role: 'init' | 'sidecar' | 'app'
  ports: number[]
  /** Volume name and where the container sees it. */
  mounts: { volume: string; path: string; readOnly: boolean }[]
}

/** A pod as a picture shows it. */
export interface PodPicture {
  name: string
  containers: PictureContainer[]
  /** Volume name, and its kind as the manifest spells it: emptyDir, configMap … */
  volumes: { name: string; kind: string }[]
}

/** The first pod in the text of a manifest, or the pods that its first Job or Deployment makes; throws a WorkshopError where there is none. */
export async function readPodPicture(file: string, text: string): Promise<PodPicture> {
  const { objects, problems } = await parseManifests(new Map([[file, text]]))
  const manifests = objects.map(({ manifest }) => manifest)
  const pod = manifests.find(({ kind }) => kind === 'Pod') ?? manifests.find((each) => templateOf(each))
  if (!pod) {
    const what = problems[0]?.what ?? 'it holds no Pod'
    throw new WorkshopError(
      `can't draw ${file}: ${what}`,
      'name a manifest with a Pod in <Pod manifest="…"/>',
    )
  }
  const spec = (templateOf(pod) ?? pod.spec ?? {}) as RawSpec
  return {
    name: pod.metadata.name!,
    containers: [
      ...(spec.initContainers ?? []).map((raw) =>
        toContainer(raw, raw.restartPolicy === 'Always' ? 'sidecar' : 'init'),
      ),
      ...(spec.containers ?? []).map((raw) => toContainer(raw, 'app')),
    ],
    volumes: (spec.volumes ?? []).map(({ name = '', ...source }) => ({
      name,
      kind: Object.keys(source)[0] ?? 'emptyDir',
    })),
  }
}

/** The spec of the pods that an object makes, where it makes any. */
function templateOf({ spec }: Manifest): unknown {
  return (spec as { template?: { spec?: unknown } } | undefined)?.template?.spec
}

interface RawContainer {
  name?: string
  image?: string
  restartPolicy?: string
  ports?: { containerPort: number }[]
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[]
}

interface RawSpec {
  initContainers?: RawContainer[]
  containers?: RawContainer[]
  volumes?: { name?: string; [kind: string]: unknown }[]
}

function toContainer(raw: RawContainer, role: PictureContainer['role']): PictureContainer {
  return {
    name: raw.name ?? '',
    image: raw.image ?? '',
    role,
    ports: (raw.ports ?? []).map((port) => port.containerPort),
    mounts: (raw.volumeMounts ?? []).map(({ name, mountPath, readOnly = false }) => ({
      volume: name,
      path: mountPath,
      readOnly,
    })),
  }
}
