/** Whether kubectl is here, in a version that the embedded cluster is tested with. */
import { runCommand } from '../../command.ts'
import { findBinary } from '../../find-binary.ts'
import { fine, type Finding } from '../finding.ts'

/** Asks the kubectl on PATH for its version. */
export async function examine(): Promise<Finding> {
  const tried = 'kubectl version --client'
  const mend = 'https://kubernetes.io/docs/tasks/tools/ has the lines for this system'
  if (!findBinary('kubectl')) {
    const costs =
      'nothing in a lesson’s shell, which brings a small kubectl of its own; more verbs and flags elsewhere'
    return { state: 'limited', tried, found: 'kubectl is not on PATH', costs, mend }
  }
  const { stdout, stderr } = await runCommand('kubectl', ['version', '--client', '--output=json'])
  const [, version = '', minor = ''] = /"gitVersion":\s*"(v1\.(\d+)[^"]*)"/.exec(stdout) ?? []
  const number = Number(minor)
  if (number >= OLDEST && number <= NEWEST) return fine(tried, version)
  const found = version || stderr.slice(-200) || 'no version'
  const costs = `the kit is tested with 1.${OLDEST} to 1.${NEWEST}: other versions may refuse to create and to explain`
  return { state: 'limited', tried, found, costs, mend }
}

/** Minor versions of Kubernetes 1. */
const [OLDEST, NEWEST] = [30, 36]
