/** The folder in which a provider keeps its cluster, and the lock that makes two commands at once take turns. */
import { chmod, mkdir } from 'node:fs/promises'
import { WorkshopError, messageOf } from './errors.ts'
import { tryLock, type Lock } from './lock.ts'
import { clusterFolder } from './paths.ts'
import { until } from './until.ts'

/** Makes the cluster's folder and holds its lock meanwhile: two starts at once become one after the other. */
export async function withClusterFolder(
  name: string,
  lockTimeoutMs: number,
  action: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = clusterFolder(name)
  const lockPath = `${folder}.lock`
  let lock: Lock | undefined
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await chmod(folder, 0o700)
    lock = await until(
      () => {
        const answer = tryLock(lockPath)
        return 'release' in answer ? answer : undefined
      },
      { timeoutMs: lockTimeoutMs },
    )
  } catch (error) {
    throw new WorkshopError(
      `the state folder ${folder} can't be written: ${messageOf(error)}`,
      'make it writable, or choose another place: XDG_STATE_HOME=/some/folder',
      { cause: error },
    )
  }
  if (!lock)
    throw new WorkshopError(`another command holds ${lockPath}`, 'wait for it, or end it, and try again')
  try {
    await action(folder)
  } finally {
    lock.release()
  }
}
