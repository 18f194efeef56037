/** Gets a command from “there may be a cluster” to a client of it. */
import { openCluster, type ClusterProvider } from '#sandbox/cluster.ts'
import type { LabCluster } from '#sandbox/course/lab.ts'
import { examine } from '#sandbox/doctor/examine.ts'
import { WorkshopError } from '#sandbox/errors.ts'
import { connect, readKubeconfig } from '#sandbox/kubeconfig.ts'
import { stages } from './stages.ts'

/** A cluster that runs. */
export interface ClusterAccess extends LabCluster {
  /** Path of the provider's own kubeconfig. */
  kubeconfig: string
}

/** Brings the cluster up where it is not, showing the stages; where it does not come, the doctor is asked why. */
export async function startCluster(signal?: AbortSignal): Promise<ClusterAccess> {
  const provider = await openCluster()
  const unavailable = await provider.isAvailable()
  if (unavailable) throw unavailable
  const progress = stages()
  try {
    await provider.start({ progress, signal })
    await provider.loadImages({ progress, signal })
    return await access(provider)
  } catch (error) {
    if (signal?.aborted) throw error
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
export async function findCluster(): Promise<ClusterAccess> {
  return await access(await openCluster())
}

/** The cluster where it runs, else `undefined`. */
export async function findRunningCluster(): Promise<ClusterAccess | undefined> {
  const provider = await openCluster()
  const { running } = await provider.info()
  return running ? await access(provider) : undefined
}

async function access(provider: ClusterProvider): Promise<ClusterAccess> {
  const kubeconfig = await provider.kubeconfig()
  const connection = await readKubeconfig(kubeconfig)
  return { client: connect(connection), connection, kubeconfig }
}
