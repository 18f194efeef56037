/** The images that the kit builds: every folder of images/ with a Dockerfile, and what its content comes to. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { normalizeReference, readImages } from '../pods/images.ts'

/** One image that is built here. */
export interface KitImage {
  /** As a manifest writes it: `ttbb/nginx:mate`. */
  reference: string
  /** What the cluster runs in its place. The same, unless a manifest leaves the tag out. */
  clusterReference: string
  dockerfile: string
  /** The folder that is sent to the engine. */
  context: string
  /** The value of `ARG BASE`: the image that it is made from. */
  base: string
  /** Changes whenever anything does that goes into the image. */
  content: string
}

const REGISTRY = fileURLToPath(new URL('../images', import.meta.url))

/** Without a tag Kubernetes would ask a registry each time, also for what is there. */
const TAG = 'workshop'

/**
 * All of them, or those among `wanted`, references as manifests write them. `mirror`, as in `mirror.example.com/library`,
 * takes the place of Docker Hub.
 */
export async function kitImages(
  options: { wanted?: readonly string[]; mirror?: string } = {},
): Promise<KitImage[]> {
  const { wanted, mirror } = options
  const built = readImages(REGISTRY).filter(({ name }) => existsSync(join(REGISTRY, name, 'Dockerfile')))
  const described = built.flatMap(({ name, names, folder }) =>
    names.map((reference) => describe(reference, join(REGISTRY, name, 'Dockerfile'), folder, mirror)),
  )
  return (await Promise.all(described)).filter(({ reference }) => !wanted || wanted.includes(reference))
}

/** Image as a manifest writes it to the one that a cluster runs, where the two differ; under `registry` they all do. */
export function replacements(images: readonly KitImage[], registry?: string): Record<string, string> {
  const pairs = images.map(({ reference, clusterReference }) => [
    reference,
    registry ? inRegistry(clusterReference, registry) : clusterReference,
  ])
  return Object.fromEntries(pairs.filter(([from, to]) => from !== to)) as Record<string, string>
}

/** `registry.example.com/workshop/ttbb/nginx:mate` */
export function inRegistry(reference: string, registry: string): string {
  return `${registry.replace(/\/$/, '')}/${reference}`
}

/** With registry and repository spelled out: Podman would call it localhost/…, which no manifest means. */
export function fullReference({ clusterReference }: KitImage): string {
  return normalizeReference(clusterReference)
}

async function describe(
  reference: string,
  dockerfile: string,
  context: string,
  mirror?: string,
): Promise<KitImage> {
  const text = await readFile(dockerfile, 'utf8')
  const named = /^ARG BASE=(\S+)$/m.exec(text)?.[1] ?? ''
  const base = mirror ? named.replace(/^docker\.io\/library/, mirror.replace(/\/$/, '')) : named
  const files = (await readdir(context, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  const hash = createHash('sha256').update(text).update(base)
  for (const file of files) hash.update(file.slice(context.length)).update(await readFile(file))
  const clusterReference = reference.includes(':') ? reference : `${reference}:${TAG}`
  return { reference, clusterReference, dockerfile, context, base, content: hash.digest('hex').slice(0, 16) }
}
