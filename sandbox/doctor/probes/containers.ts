/** Whether the embedded cluster can isolate a container here. */
import { tryIsolation } from '../../pods/linux/isolation.ts'
import { fine, type Finding } from '../finding.ts'

/** Starts one container as the kubelet does, with namespaces and mounts. */
export async function examine(): Promise<Finding> {
  const tried = 'starting a container with a network, mounts and processes of its own'
  const problem = await tryIsolation()
  if (!problem) return fine(tried, 'it ran')
  const costs = 'the embedded cluster can’t run pods here'
  return { state: 'broken', tried, found: problem.message, costs, mend: problem.hint }
}
