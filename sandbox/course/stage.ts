/** A namespace of its own to try workspaces in: for playing a lesson through, and for proving it. */
import { until } from '../until.ts'
import type { Check, Outcome } from './check.ts'
import { Deployer } from './deploy.ts'
import { judge } from './judge.ts'
import { createLab, type LabCluster } from './lab.ts'
import type { FileProblem } from './manifests.ts'
import type { Files } from './states.ts'

/** One container's log so far. */
export interface ContainerLog {
  pod: string
  container: string
  lines: string[]
}

/** Where workspaces are tried. */
export interface Stage {
  /** Answers what was refused. */
  deploy(files: Files): Promise<FileProblem[]>
  /** Judges again and again until `isSettled` likes the outcome, at most 20 s; the last outcome either way. */
  judge(check: Check, isSettled: (outcome: Outcome) => boolean): Promise<Outcome>
  logs(): Promise<ContainerLog[]>
  /** Ends its pods and removes the namespace. */
  close(): Promise<void>
}

/** Opens a stage in a namespace of this name, made by the first deployment. */
export function openStage(cluster: LabCluster, namespace: string, signal: AbortSignal): Stage {
  // Nobody looks at how the pods end here, and a shell that ignores SIGTERM would cost two seconds each time.
  const deployer = new Deployer(cluster.client, namespace, cluster.connection.images)
  return {
    deploy: async (files) => (await deployer.deploy(files)).problems,
    async judge(check, isSettled) {
      let outcome = await judge(check, { cluster, namespace, signal })
      const settled = async () => {
        if (isSettled(outcome)) return true
        outcome = await judge(check, { cluster, namespace, signal })
        return isSettled(outcome)
      }
      await until(settled, { timeoutMs: 20_000, intervalMs: 100, signal })
      return outcome
    },
    logs: () => readLogs(cluster, namespace, signal),
    close: () => deployer.removeNamespace(),
  }
}

/** The logs of all containers of a namespace, init containers too, in the order of the pods' specs. */
export async function readLogs(
  cluster: LabCluster,
  namespace: string,
  signal: AbortSignal,
): Promise<ContainerLog[]> {
  const lab = createLab(cluster, namespace, signal)
  const logs = (await lab.pods()).flatMap(({ metadata, spec }) =>
    [...(spec.initContainers ?? []), ...spec.containers].map(async ({ name }) => ({
      pod: metadata.name,
      container: name,
      lines: await lab.logLines(metadata.name, name),
    })),
  )
  return await Promise.all(logs)
}
