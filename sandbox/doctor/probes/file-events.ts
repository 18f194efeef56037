/** Whether the system tells of saved files, which mounts of Windows in WSL, network drives and small limits prevent. */
import { watch } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../../errors.ts'
import { workspacesFolder } from '../../paths.ts'
import { until } from '../../until.ts'
import { fine, type Finding } from '../finding.ts'

/** Watches a folder beside the learner's workspaces, and writes a file into it. */
export async function examine(): Promise<Finding> {
  const tried = `watching a file in ${workspacesFolder()}`
  const costs = 'a save is noticed within a second instead of at once'
  const root = workspacesFolder()
  let folder: string
  try {
    await mkdir(root, { recursive: true })
    folder = await mkdtemp(join(root, '.doctor-'))
  } catch {
    // That nothing can be written there is told by the probe of folders.
    return { state: 'limited', tried, found: 'there is no folder to watch', costs }
  }
  try {
    if (await isTold(folder)) return fine(tried, 'its change was told at once')
    const mend = 'move your workspaces to a disk of Linux itself: SIDECAR_WORKSHOP_DIR=~/sidecar-workshop'
    return { state: 'limited', tried, found: 'its change was not told within a second', costs, mend }
  } catch (error) {
    const mend =
      'sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512 user.max_inotify_watches=524288 user.max_inotify_instances=512'
    return {
      state: 'limited',
      tried,
      found: messageOf(error),
      costs: `${costs}; kind’s nodes fail too`,
      mend,
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function isTold(folder: string): Promise<boolean> {
  let told = false
  const watcher = watch(folder, () => (told = true))
  try {
    await writeFile(join(folder, 'saved'), '')
    return (await until(() => told, { timeoutMs: 1_000 })) === true
  } finally {
    watcher.close()
  }
}
