/** The images of the embedded cluster: every folder under sandbox/images with an image.json is one. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { WorkshopError, messageOf } from '../errors.ts'
import { findBinary } from '../find-binary.ts'

/** The content of an image.json. */
export interface ImageManifest {
  /** References this image answers to: with a tag that tag only, without one any tag. */
  names: string[]
  /** The image folder whose files it runs, when that is not its own. */
  program?: string
  /** Ways to run it, best first: the first one whose `needs` is met is taken. */
  variants: ImageVariant[]
}

/** One way to run an image, in the words of an OCI image's config. */
export interface ImageVariant {
  /** A binary that has to be on the host's PATH. */
  needs?: string
  /** What runs, for people: `kubectl describe pod` shows it. */
  description?: string
  entrypoint: string[]
  cmd: string[]
  env: Record<string, string>
  workingDir: string
}

/** What a reference stands for on this machine. */
export interface ResolvedImage extends ImageVariant {
  /** The reference in full, as a kubelet reports it: `docker.io/library/nginx:latest`. */
  reference: string
  /** Stable for an image and variant: the `imageID` of a container status. */
  id: string
  /** The folder on the host that is to be seen, read-only, at /app. */
  folder: string
}

/** An entry of the registry. */
export interface Image extends ImageManifest {
  /** The name of its folder. */
  name: string
  /** See {@link ResolvedImage.folder}. */
  folder: string
}

const imagesFolder = new URL('../images', import.meta.url).pathname
let known: Image[] | undefined

/** The image of a reference as a manifest writes it, or `undefined` when there is none. Throws for a broken image.json. */
export function resolveImage(reference: string): ResolvedImage | undefined {
  const wanted = normalizeReference(reference)
  const image = images().find(({ names }) => names.some((name) => matches(wanted, name)))
  const variant = image?.variants.find(({ needs }) => needs === undefined || findBinary(needs))
  if (!image || !variant) return undefined
  const way = image.variants.length > 1 ? `/${image.variants.indexOf(variant)}` : ''
  return { ...variant, reference: wanted, id: `embedded://${image.name}${way}`, folder: image.folder }
}

/** All names that {@link resolveImage} knows, sorted, for a message to a person. */
export function imageNames(): string[] {
  return images()
    .flatMap(({ names }) => names)
    .sort()
}

/**
 * A reference with registry, repository and tag or digest spelt out, by the rules of
 * https://github.com/distribution/reference: `nginx` is `docker.io/library/nginx:latest`.
 */
export function normalizeReference(reference: string): string {
  const [name = '', digest] = reference.split('@', 2)
  const first = name.split('/', 1)[0] ?? ''
  const hasRegistry = name.includes('/') && (/[.:]/.test(first) || first === 'localhost')
  const registry = hasRegistry ? first.replace(/^index\.docker\.io$/, 'docker.io') : 'docker.io'
  const path = hasRegistry ? name.slice(first.length + 1) : name
  const repository = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path
  const tag = path.includes(':') || digest !== undefined ? '' : ':latest'
  return `${registry}/${repository}${tag}${digest === undefined ? '' : `@${digest}`}`
}

function matches(wanted: string, name: string): boolean {
  if (/:[^/]*$/.test(name)) return wanted.split('@')[0] === normalizeReference(name)
  return repositoryOf(wanted) === repositoryOf(normalizeReference(name))
}

function repositoryOf(reference: string): string {
  return reference.replace(/@.*$/, '').replace(/:[^/]*$/, '')
}

function images(): Image[] {
  known ??= readImages(imagesFolder)
  return known
}

/** Reads a registry folder; folders without an image.json are none of its business. Throws a WorkshopError. */
export function readImages(registry: string): Image[] {
  return readdirSync(registry, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const path = join(registry, name, 'image.json')
      const text = readIfPresent(path)
      if (text === undefined) return []
      const manifest = parseManifest(text, path)
      return [{ ...manifest, name, folder: join(registry, manifest.program ?? name) }]
    })
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function parseManifest(text: string, path: string): ImageManifest {
  try {
    const manifest = record(JSON.parse(text), 'the file')
    const names = strings(manifest.names, 'names')
    const variants = list(manifest.variants, 'variants').map((variant, index) =>
      parseVariant(variant, `variants[${index}]`),
    )
    const program = manifest.program === undefined ? {} : { program: string(manifest.program, 'program') }
    if (names.length === 0 || variants.length === 0) throw new Error('names and variants need an entry each')
    return { names, ...program, variants }
  } catch (error) {
    const hint = 'see ImageManifest in sandbox/pods/images.ts for its shape'
    throw new WorkshopError(`${path}: ${messageOf(error)}`, hint, { cause: error })
  }
}

function parseVariant(value: unknown, at: string): ImageVariant {
  const {
    needs,
    description,
    entrypoint = [],
    cmd = [],
    env = {},
    workingDir = '/',
    ...unknown
  } = record(value, at)
  const [surplus] = Object.keys(unknown)
  if (surplus !== undefined) throw new Error(`${at}.${surplus} is not a field of a variant`)
  return {
    ...(needs === undefined ? {} : { needs: string(needs, `${at}.needs`) }),
    ...(description === undefined ? {} : { description: string(description, `${at}.description`) }),
    entrypoint: strings(entrypoint, `${at}.entrypoint`),
    cmd: strings(cmd, `${at}.cmd`),
    env: Object.fromEntries(
      Object.entries(record(env, `${at}.env`)).map(([name, text]) => [
        name,
        string(text, `${at}.env.${name}`),
      ]),
    ),
    workingDir: string(workingDir, `${at}.workingDir`),
  }
}

function record(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${at} should be an object`)
  return value as Record<string, unknown>
}

function list(value: unknown, at: string): unknown[] {
  if (!Array.isArray(value)) throw new Error(`${at} should be a list`)
  return value
}

function strings(value: unknown, at: string): string[] {
  return list(value, at).map((item, index) => string(item, `${at}[${index}]`))
}

function string(value: unknown, at: string): string {
  if (typeof value !== 'string') throw new Error(`${at} should be a string`)
  return value
}
