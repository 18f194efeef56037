/** Gets a command from “there may be a cluster” to a client of it. */
import { chosenCluster, DEFAULT_CLUSTER, rememberCluster } from '#sandbox/cluster-choice.ts'
import { openCluster, type ClusterProvider } from '#sandbox/cluster.ts'
import { lessonImages } from '#sandbox/course/lesson-images.ts'
import type { Lesson } from '#sandbox/course/lesson.ts'
import type { LabCluster } from '#sandbox/course/lab.ts'
import { examine } from '#sandbox/doctor/examine.ts'
import { WorkshopError } from '#sandbox/errors.ts'
import { connect, readKubeconfig } from '#sandbox/kubeconfig.ts'
import { confirmOn } from './confirm.ts'
import { stages } from './stages.ts'
import { printNote } from './terminal/print.ts'

/** A cluster that runs. */
export interface ClusterAccess extends LabCluster {
  /** Path of the provider's own kubeconfig. */
  kubeconfig: string
}

/** The options of every command that goes to a cluster, for parseArgs. */
export const CLUSTER_OPTIONS = {
  cluster: { type: 'string' },
  namespace: { type: 'string' },
  registry: { type: 'string' },
  yes: { type: 'boolean' },
} as const

/** What parseArgs makes of {@link CLUSTER_OPTIONS}. */
export interface ClusterOptions {
  cluster?: string
  namespace?: string
  registry?: string
  yes?: boolean
}

/** A line for the usage of a command: {@link CLUSTER_OPTIONS} as they are typed. */
export const CLUSTER_USAGE = `options: --cluster kind              on kind, where later commands go too; back: --cluster embedded
         --cluster context:NAME      on a cluster of your own, with --namespace NS and --registry HOST/PATH`

/** Brings the cluster up where it is not, showing the stages. */
export async function startCluster(
  options: ClusterOptions & { lesson?: Lesson; signal?: AbortSignal } = {},
): Promise<ClusterAccess> {
  const provider = await openChosen(options)
  await bringUp(provider, options)
  return await access(provider, options)
}

/**
 * What every way to start a cluster has in common: is this machine fit, the start itself, and the kit's images. Where the
 * embedded one does not come, the doctor is asked why.
 */
export async function bringUp(
  provider: ClusterProvider,
  options: ClusterOptions & { port?: number; lesson?: Lesson; signal?: AbortSignal },
): Promise<void> {
  const { port, lesson, signal, namespace, registry } = options
  const unavailable = await provider.isAvailable()
  if (unavailable) throw unavailable
  const progress = stages()
  const guest = { namespace, registry, confirm: confirmOn(options.yes) }
  try {
    await provider.start({ progress, port, workers: lesson?.workers, guest, signal })
    await provider.loadImages({ progress, images: lesson && (() => lessonImages(lesson)), signal })
  } catch (error) {
    if (signal?.aborted || provider.name !== DEFAULT_CLUSTER) throw error
    throw await withDiagnosis(error)
  }
}

/** Adds what the doctor found broken to what the error says to do. */
async function withDiagnosis(error: unknown): Promise<unknown> {
  if (!(error instanceof WorkshopError)) return error
  const broken = (await examine()).filter(({ state }) => state === 'broken')
  const told = broken.map(({ name, found, mend }) => `the doctor, on ${name}: ${found}\n${mend}`)
  const hint = [error.hint, ...told, 'npm run doctor   tells all it found'].join('\n')
  return new WorkshopError(error.message, hint, { cause: error })
}

/** The cluster as it is; throws a WorkshopError when it does not run. */
export async function findCluster(options: ClusterOptions = {}): Promise<ClusterAccess> {
  return await access(await openChosen(options), options)
}

/** The cluster where it runs, else `undefined`. */
export async function findRunningCluster(options: ClusterOptions = {}): Promise<ClusterAccess | undefined> {
  const provider = await openChosen(options)
  const { running } = await provider.info()
  return running ? await access(provider, options) : undefined
}

/** The provider that was typed, or chosen before; says which it is unless nobody ever chose. */
export async function openChosen({ cluster }: ClusterOptions): Promise<ClusterProvider> {
  const provider = await openCluster(await chosenCluster(cluster))
  const other = provider.name === DEFAULT_CLUSTER ? 'kind' : DEFAULT_CLUSTER
  if (cluster !== undefined || provider.name !== DEFAULT_CLUSTER) {
    printNote(`Cluster: ${provider.name}, until you choose another, as in: --cluster ${other}`)
  }
  return provider
}

async function access(provider: ClusterProvider, { cluster }: ClusterOptions): Promise<ClusterAccess> {
  const kubeconfig = await provider.kubeconfig()
  const connection = await readKubeconfig(kubeconfig)
  if (cluster !== undefined) await rememberCluster(provider.name)
  return { client: connect(connection), connection, kubeconfig }
}
