/** Whether the kit can keep what it has to keep: the cluster and the progress, and the learner's files. */
import { mkdir, open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../../errors.ts'
import { stateFolder, workspacesFolder } from '../../paths.ts'
import { fine, type Finding } from '../finding.ts'

/** Writes a megabyte into each of the two folders, to the disk itself. */
export async function examine(): Promise<Finding> {
  const tried = `writing to ${stateFolder()} and ${workspacesFolder()}`
  const places = [
    { folder: stateFolder(), variable: 'XDG_STATE_HOME' },
    { folder: workspacesFolder(), variable: 'SIDECAR_WORKSHOP_DIR' },
  ]
  const free: number[] = []
  for (const { folder, variable } of places) {
    try {
      free.push(await writableBytes(folder))
    } catch (error) {
      const costs = 'no lesson can begin'
      const mend = `make ${folder} yours, or choose another place: ${variable}=/some/folder`
      return { state: 'broken', tried, found: messageOf(error), costs, mend }
    }
  }
  const found = `${Math.round(Math.min(...free) / 1e6).toLocaleString('en')} MB free`
  if (Math.min(...free) > ENOUGH_BYTES) return fine(tried, found)
  const costs = 'pods that write much are evicted, and the cluster can’t store its objects'
  return { state: 'limited', tried, found, costs, mend: `du -sh ${stateFolder()}   shows what the kit holds` }
}

async function writableBytes(folder: string): Promise<number> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `.doctor-${process.pid}`)
  const file = await open(path, 'w')
  try {
    await file.write(Buffer.alloc(1 << 20))
    await file.sync()
  } finally {
    await file.close()
    await rm(path, { force: true })
  }
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

const ENOUGH_BYTES = 500e6
