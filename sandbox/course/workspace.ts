/** The learner's own folder: filled once, never overwritten unasked, with a copy kept aside before any change. */
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { WorkshopError, messageOf } from '../errors.ts'
import { workspacesFolder } from '../paths.ts'
import type { Lesson } from './lesson.ts'
import { isManifestFile, type FileProblem } from './manifests.ts'
import type { Files } from './states.ts'

/** Where the learner works on this lesson: `~/sidecar-workshop/01-log-collection`. */
export function workspaceFolder(lesson: Lesson): string {
  return join(workspacesFolder(), lesson.name)
}

/**
 * Makes the workspace with these files in it; one that exists already is left as it is.
 * Answers whether it was made. It appears whole or not at all.
 */
export async function prepareWorkspace(folder: string, files: Files): Promise<boolean> {
  const draft = `${folder}.${process.pid}`
  try {
    if (existsSync(folder) && (await readdir(folder)).length > 0) return false
    await mkdir(draft, { recursive: true })
    for (const [name, text] of files) await writeFile(join(draft, name), text)
    if (existsSync(folder)) await rmdir(folder)
    await rename(draft, folder)
  } catch (error) {
    await rm(draft, { recursive: true, force: true }).catch(() => {})
    throw unwritable(folder, error)
  }
  return true
}

/**
 * Makes the workspace hold exactly these manifests and programs. The learner's files, all of them, are kept in
 * a dated folder beside it, whose path is the answer. `nowMs` names that folder.
 */
export async function replaceWorkspace(folder: string, files: Files, nowMs: number): Promise<string> {
  const aside = await keepAside(folder, nowMs)
  try {
    for (const name of await readdir(folder)) {
      if (isDeployed(name) && !files.has(name)) await rm(join(folder, name), { recursive: true })
    }
    for (const [name, text] of files) {
      // An editor or the watch must never see half a file.
      const draft = join(folder, `.${name}.${process.pid}`)
      await writeFile(draft, text)
      await rename(draft, join(folder, name))
    }
  } catch (error) {
    throw unwritable(folder, error)
  }
  return aside
}

/**
 * Makes the workspace hold exactly these manifests and programs, be there one or not. Answers where the learner's files
 * are kept, `undefined` where there were none or they are these already.
 */
export async function beginAgain(folder: string, files: Files, nowMs: number): Promise<string | undefined> {
  if (await prepareWorkspace(folder, files)) return undefined
  const { files: present } = await readWorkspace(folder)
  if (present.size === files.size && [...files].every(([name, text]) => present.get(name) === text))
    return undefined
  return await replaceWorkspace(folder, files, nowMs)
}

/** Reads what is deployed from a workspace: its manifests and programs. Files beyond the limits are problems. */
export async function readWorkspace(folder: string): Promise<{ files: Files; problems: FileProblem[] }> {
  const names = (await readdir(folder)).filter(isDeployed).sort()
  const problems: FileProblem[] = []
  const files = new Map<string, string>()
  if (names.length > MAX_FILES) {
    const what = `${names.length} manifests and programs are more than ${MAX_FILES}`
    return {
      files,
      problems: [{ file: folder, what, instead: 'move what the lesson does not need elsewhere' }],
    }
  }
  for (const name of names) {
    const { size, isFile } = await describe(join(folder, name))
    if (!isFile) continue
    if (size > MAX_BYTES) {
      const what = `${size} bytes are more than the ${MAX_BYTES} of a manifest or program`
      problems.push({ file: name, what, instead: 'move it out of the workspace' })
    } else {
      files.set(name, await readFile(join(folder, name), 'utf8'))
    }
  }
  return { files, problems }
}

/** Whether a file of this name is deployed when it is saved; editors' drafts and hidden files are not. */
export function isDeployed(name: string): boolean {
  return !name.startsWith('.') && (isManifestFile(name) || name.endsWith('.ts'))
}

async function keepAside(folder: string, nowMs: number): Promise<string> {
  const date = new Date(nowMs).toISOString().slice(0, 19).replaceAll(':', '-')
  let aside = join(dirname(folder), `${basename(folder)}.${date}`)
  for (let copy = 2; existsSync(aside); copy++) aside = aside.replace(/(\.\d+)?$/, `.${copy}`)
  try {
    await cp(folder, aside, { recursive: true, errorOnExist: true, force: false })
  } catch (error) {
    throw unwritable(aside, error)
  }
  return aside
}

async function describe(path: string): Promise<{ size: number; isFile: boolean }> {
  try {
    const stats = await stat(path)
    return { size: stats.size, isFile: stats.isFile() }
  } catch {
    // Gone between two looks, or a link to nowhere.
    return { size: 0, isFile: false }
  }
}

function unwritable(folder: string, error: unknown): WorkshopError {
  const hint = 'give yourself that folder, or choose another: SIDECAR_WORKSHOP_DIR=… npm run lesson'
  return new WorkshopError(`can't write ${folder}: ${messageOf(error)}`, hint, { cause: error })
}

const MAX_FILES = 50
const MAX_BYTES = 256 * 1024
