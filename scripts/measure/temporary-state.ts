/** A state folder for one benchmark or proof, gone afterwards. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCluster, silentProgress } from '#sandbox/cluster.ts'

/** The learner's own cluster and progress stay out of it; the embedded cluster is stopped at the end. */
export async function inTemporaryState<T>(action: (state: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecar-bench-'))
  const before = process.env.XDG_STATE_HOME
  process.env.XDG_STATE_HOME = folder
  try {
    return await action(folder)
  } finally {
    await (await openCluster('embedded')).stop({ progress: silentProgress })
    if (before === undefined) delete process.env.XDG_STATE_HOME
    else process.env.XDG_STATE_HOME = before
    await rm(folder, { recursive: true, force: true })
  }
}
