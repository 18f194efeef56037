/** Which cluster the commands go to: the one that was typed, else the one chosen last, else the embedded one. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stateFolder } from './paths.ts'

/** What is used before anything was chosen. */
export const DEFAULT_CLUSTER = 'embedded'

/** The name of the cluster that was typed, or of the one that is remembered. */
export async function chosenCluster(typed?: string): Promise<string> {
  if (typed !== undefined) return typed
  const remembered = await readFile(choicePath(), 'utf8').catch(() => '')
  return remembered.trim() || DEFAULT_CLUSTER
}

/** Later commands go to this cluster, until another one is chosen. */
export async function rememberCluster(name: string): Promise<void> {
  const path = choicePath()
  const draft = `${path}.${process.pid}`
  await mkdir(stateFolder(), { recursive: true, mode: 0o700 })
  await writeFile(draft, `${name}\n`)
  await rename(draft, path)
}

function choicePath(): string {
  return join(stateFolder(), 'cluster')
}
