/** What a cluster is to the rest of the kit: a kubeconfig that a provider brought up. */
import { readdir } from 'node:fs/promises'
import { WorkshopError } from './errors.ts'

/** Tells the person at the terminal what is going on. A stage has failed until it is said to be done. */
export interface Progress {
  /** Starts a stage, such as "Starting the API server". */
  stage(title: string): { done(note?: string): void; failed(): void }
}

/** What `info` answers. */
export interface ClusterInfo {
  running: boolean
  /** `https://127.0.0.1:41234`, when it runs. */
  server?: string
  /** The gitVersion that the API server reports. */
  version?: string
  /** More lines for `npm run cluster status`, label to text. */
  details: Record<string, string>
}

/** How to bring a cluster up. */
export interface StartOptions {
  progress: Progress
  /** TCP port of the API server on 127.0.0.1; a free one unless told. */
  port?: number
  /** Nodes beside the first one, where the provider can have them. */
  workers?: number
  /** What only a cluster that is somebody else's needs to know; what was said before holds until it is said anew. */
  guest?: GuestOptions
  signal?: AbortSignal
}

/** How to behave in a cluster that is not the kit's own. */
export interface GuestOptions {
  /** The learner's namespace there. */
  namespace?: string
  /** Where the kit's images are, as in `registry.example.com/workshop`. */
  registry?: string
  /** Asks the person at the terminal; nobody is there to ask without it. */
  confirm?(question: string): Promise<boolean>
}

/** Which images to make known. */
export interface LoadOptions {
  progress: Progress
  /** References as manifests write them; all that the kit builds, unless told. Asked only where it matters. */
  images?(): Promise<readonly string[]>
  signal?: AbortSignal
}

/** Brings a cluster up and down; all else speaks the Kubernetes API through its kubeconfig. */
export interface ClusterProvider {
  readonly name: string
  /** `undefined` when this machine can run it, else what is missing and how to get it. */
  isAvailable(): Promise<WorkshopError | undefined>
  /** Idempotent: a cluster that runs already is left alone. */
  start(options: StartOptions): Promise<void>
  /** Idempotent. Ends every process that start began, and keeps no state unless `keepState`. */
  stop(options: { progress: Progress; keepState?: boolean }): Promise<void>
  /** Path of a kubeconfig file with mode 0600; throws a WorkshopError when the cluster does not run. */
  kubeconfig(): Promise<string>
  /** Makes the kit's images known to the cluster: a no-op where they already are. */
  loadImages(options: LoadOptions): Promise<void>
  /** Copies what helps to find a fault into `folder`. */
  collectLogs(folder: string): Promise<void>
  info(): Promise<ClusterInfo>
}

/** A progress that says nothing, for tests and for machines. */
export const silentProgress: Progress = { stage: () => ({ done() {}, failed() {} }) }

/** The names of all providers: the files of providers/. */
export async function providerNames(): Promise<string[]> {
  const files = await readdir(new URL('./providers/', import.meta.url))
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort()
}

/** What a file of providers/ exports; `providerFor` where there are several clusters, told apart by what follows a colon. */
interface ProviderModule {
  provider: ClusterProvider
  providerFor?(argument: string): ClusterProvider
}

/** Loads the provider of this name, as in `kind` or `context:NAME`; throws a WorkshopError for one that does not exist. */
export async function openCluster(name = 'embedded'): Promise<ClusterProvider> {
  const [file = '', ...rest] = name.split(':')
  const names = await providerNames()
  const module = names.includes(file)
    ? ((await import(new URL(`./providers/${file}.ts`, import.meta.url).href)) as ProviderModule)
    : undefined
  if (module && rest.length === 0) return module.provider
  if (module?.providerFor) return module.providerFor(rest.join(':'))
  throw new WorkshopError(`there is no cluster “${name}”`, `choose one of: ${names.join(', ')}`)
}
