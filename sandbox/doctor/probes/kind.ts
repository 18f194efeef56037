/** Whether kind is here, which only a cluster of kind needs. */
import { runCommand } from '../../command.ts'
import { findBinary } from '../../find-binary.ts'
import { fine, type Finding } from '../finding.ts'

/** Runs `kind version`. */
export async function examine(): Promise<Finding> {
  const tried = 'kind version'
  const costs = 'no cluster of kind; the embedded one does not need it'
  const mend = 'https://kind.sigs.k8s.io/docs/user/quick-start/#installation'
  if (!findBinary('kind')) return { state: 'limited', tried, found: 'kind is not on PATH', costs, mend }
  const { exitCode, stdout, stderr } = await runCommand('kind', ['version'])
  if (exitCode === 0) return fine(tried, stdout)
  return { state: 'limited', tried, found: stderr.slice(-200) || `exit code ${exitCode}`, costs, mend }
}
