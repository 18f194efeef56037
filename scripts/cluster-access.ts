/** Gets a command from “there may be a cluster” to a client of it. */
import { openCluster, type ClusterProvider } from '#sandbox/cluster.ts'
import type { LabCluster } from '#sandbox/course/lab.ts'
import { connect, readKubeconfig } from '#sandbox/kubeconfig.ts'
import { stages } from './stages.ts'

/** A cluster that runs. */
export interface ClusterAccess extends LabCluster {
  /** Path of the provider's own kubeconfig. */
  kubeconfig: string
}

/** Brings the cluster up where it is not, showing the stages. */
export async function startCluster(signal?: AbortSignal): Promise<ClusterAccess> {
  const provider = await openCluster()
  const unavailable = await provider.isAvailable()
  if (unavailable) throw unavailable
  const progress = stages()
  await provider.start({ progress, signal })
  await provider.loadImages({ progress, signal })
  return await access(provider)
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
