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
  /** Name of the TypeScript file that its command runs, where it names one. */
  program?: string
  ports: number[]
  /** Volume name and where the container sees it. */
  mounts: { volume: string; path: string; readOnly: boolean }[]
}

/** A container that the manifest tells to call another one of its pod over localhost. */
export interface PictureCall {
  from: string
  to: string
  port: number
}

/** A pod as a picture shows it. */
export interface PodPicture {
  name: string
  /** `Pod`, or the kind of what makes pods of this shape: Deployment, Job … */
  kind: string
  containers: PictureContainer[]
  /** Volume name, and its kind as the manifest spells it: emptyDir, configMap … */
  volumes: { name: string; kind: string }[]
  calls: PictureCall[]
}

/** The first pod, or template of pods, in the text of a manifest; throws a WorkshopError where there is none. */
export async function readPodPicture(file: string, text: string): Promise<PodPicture> {
  const { objects, problems } = await parseManifests(new Map([[file, text]]))
  const owner = objects.map(({ manifest }) => manifest).find((manifest) => podSpec(manifest))
  if (!owner) {
    const what = problems[0]?.what ?? 'it holds no Pod'
    throw new WorkshopError(
      `can't draw ${file}: ${what}`,
      'name a manifest with a Pod in <Pod manifest="…"/>',
    )
  }
  const spec = podSpec(owner)!
  return {
    name: owner.metadata.name!,
    kind: owner.kind,
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
    calls: findCalls([...(spec.initContainers ?? []), ...(spec.containers ?? [])]),
  }
}

/** What the picture is called: `pod webserver`, or `pod of Job report`. */
export function titleOf({ kind, name }: PodPicture): string {
  return kind === 'Pod' ? `pod ${name}` : `pod of ${kind} ${name}`
}

interface RawContainer {
  name?: string
  image?: string
  restartPolicy?: string
  command?: string[]
  args?: string[]
  env?: { name: string; value?: string }[]
  ports?: { containerPort: number }[]
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[]
}

interface RawTemplateOwner {
  template?: { spec?: RawSpec }
}

interface RawSpec {
  initContainers?: RawContainer[]
  containers?: RawContainer[]
  volumes?: { name?: string; [kind: string]: unknown }[]
}

function podSpec({ kind, spec }: Manifest): RawSpec | undefined {
  return kind === 'Pod' ? ((spec ?? {}) as RawSpec) : (spec as RawTemplateOwner | undefined)?.template?.spec
}

/** Who names localhost and a port that another container declares, or gets in a variable called PORT. */
function findCalls(containers: RawContainer[]): PictureCall[] {
  return containers.flatMap((from) => {
    const ports = new Set(
      wordsOf(from).flatMap((word) => [...word.matchAll(LOCALHOST)].map((match) => match[1]!)),
    )
    return [...ports].flatMap((port) => {
      const to = containers.find((each) => each !== from && listensOn(each, port))
      return to ? [{ from: from.name ?? '', to: to.name ?? '', port: Number(port) }] : []
    })
  })
}

const LOCALHOST = /\b(?:localhost|127\.0\.0\.1):(\d+)/g

function wordsOf({ command = [], args = [], env = [] }: RawContainer): string[] {
  return [...command, ...args, ...env.map(({ value }) => value ?? '')].map(String)
}

function listensOn({ ports = [], env = [] }: RawContainer, port: string): boolean {
  return (
    ports.some(({ containerPort }) => String(containerPort) === port) ||
    env.some(({ name, value }) => /(^|_)PORT$/.test(name) && String(value) === port)
  )
}

function toContainer(raw: RawContainer, role: PictureContainer['role']): PictureContainer {
  return {
    name: raw.name ?? '',
    image: raw.image ?? '',
    role,
    program: wordsOf(raw)
      .find((word) => word.endsWith('.ts'))
      ?.replace(/.*\//, ''),
    ports: (raw.ports ?? []).map((port) => port.containerPort),
    mounts: (raw.volumeMounts ?? []).map(({ name, mountPath, readOnly = false }) => ({
      volume: name,
      path: mountPath,
      readOnly,
    })),
  }
}
