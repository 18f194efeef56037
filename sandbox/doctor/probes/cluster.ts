/** Whether the embedded cluster, where it was started, answers, and keeps its secrets to itself. */
import { chmod, stat } from 'node:fs/promises'
import { openCluster } from '../../cluster.ts'
import { messageOf } from '../../errors.ts'
import { connect, readKubeconfig } from '../../kubeconfig.ts'
import { fine, type Finding } from '../finding.ts'

/** Asks a running cluster whether it is ready. */
export async function examine(): Promise<Finding> {
  const provider = await openCluster()
  const tried = 'asking the embedded cluster whether it is ready'
  let path: string
  try {
    path = await provider.kubeconfig()
  } catch {
    return fine(tried, 'it does not run')
  }
  try {
    const client = connect(await readKubeconfig(path))
    await client.raw('GET', '/readyz', { signal: AbortSignal.timeout(5_000) })
  } catch (error) {
    const costs = 'checks break, and pods can’t be seen'
    return {
      state: 'broken',
      tried,
      found: messageOf(error),
      costs,
      mend: 'npm run cluster stop && npm run cluster up',
    }
  }
  const { mode } = await stat(path)
  if ((mode & 0o077) === 0) return fine(tried, 'it is')
  const found = `it is, and ${path} has mode ${(mode & 0o777).toString(8)}`
  const costs = 'other users of this machine can run programs as you'
  const fix = async () => {
    await chmod(path, 0o600)
    return `${path} has mode 600 now`
  }
  return { state: 'limited', tried, found, costs, mend: `chmod 600 ${path}`, fix }
}
