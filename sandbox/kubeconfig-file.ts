/** Kubeconfig files: what stands in them, and what the kit notes in its own. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { WorkshopError, messageOf } from './errors.ts'
import type { ExecPlugin } from './exec-plugin.ts'

/** What a provider notes in its kubeconfig for the rest of the kit. */
export interface KitExtension {
  /** The kit is a guest here: it keeps to the context's namespace, whatever else it might be allowed. */
  isGuest?: boolean
  /** Where the learner's registry has the kit's images. */
  registry?: string
  /** Image as a manifest writes it to the image that this cluster can run. */
  images?: Record<string, string>
}

/** A kubeconfig file, as far as the kit understands it. */
export interface Kubeconfig {
  'current-context'?: string
  contexts?: { name: string; context: KubeconfigContext }[]
  clusters?: { name: string; cluster: { server: string; [field: string]: unknown } }[]
  users?: { name: string; user: KubeconfigUser }[]
}

/** One entry of `users`: texts, but for the plugin. */
export interface KubeconfigUser {
  exec?: ExecPlugin
  token?: string
  tokenFile?: string
  [field: string]: unknown
}

/** One entry of `contexts`. */
export interface KubeconfigContext {
  cluster: string
  user: string
  namespace?: string
  extensions?: { name: string; extension: unknown }[]
}

const KIT_EXTENSION = 'sidecar-workshop'

/** What a provider has noted in the context; nothing where the file is not of its making. */
export function kitExtension({ extensions = [] }: KubeconfigContext): KitExtension {
  const noted = extensions.find(({ name }) => name === KIT_EXTENSION)
  return (noted?.extension ?? {}) as KitExtension
}

/** Notes it in the context, in place of what was noted before. */
export function noteKitExtension(context: KubeconfigContext, extension: KitExtension): void {
  const others = (context.extensions ?? []).filter(({ name }) => name !== KIT_EXTENSION)
  context.extensions = [...others, { name: KIT_EXTENSION, extension }]
}

/** The file as it stands; throws a WorkshopError where it can't be read. */
export async function parseKubeconfig(path: string): Promise<Kubeconfig> {
  const { parse } = await import('yaml')
  try {
    return (parse(await readFile(path, 'utf8')) ?? {}) as Kubeconfig
  } catch (error) {
    throw new WorkshopError(`can't read the kubeconfig ${path}: ${messageOf(error)}`, 'npm run cluster up', {
      cause: error,
    })
  }
}

/** Writes a kubeconfig that nobody else may read. It appears whole or not at all. */
export async function writeOwnKubeconfig(path: string, config: Kubeconfig): Promise<void> {
  const { stringify } = await import('yaml')
  const draft = `${path}.${process.pid}`
  await writeFile(draft, stringify(config), { mode: 0o600 })
  await rename(draft, path)
}
