/** Files of a volume that change all at once, as the kubelet's atomic writer has them: a container never sees half. */
import {
  chmod,
  chown,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, normalize, relative, sep } from 'node:path'
import { timestamp } from '../clock.ts'

/** What stands in one file. */
export interface FileContent {
  content: Buffer
  /** Permission bits. */
  mode: number
  /** Who owns it; root without it. */
  user?: number
}

/** Files by their path in the volume. */
export type Files = Map<string, FileContent>

/**
 * Makes `folder` hold these files and no others: they lie in a dated folder, `..data` points to it, and names point
 * through `..data`. Does nothing when they are there already. With `group` the files are that group's to read.
 */
export async function writeAtomically(
  folder: string,
  files: Files,
  { group, nowMs }: { group?: number; nowMs: number },
): Promise<void> {
  const wanted: Files = new Map(
    [...files].map(([name, file]) => [
      normalize(name),
      group === undefined ? file : { ...file, mode: file.mode | 0o440 },
    ]),
  )
  if (await isSame(folder, wanted)) return
  const dated = `..${timestamp(nowMs).replaceAll(/[-:T]/g, '_').slice(0, -1)}.${process.hrtime.bigint() % 1_000_000_000n}`
  await makeFolder(join(folder, dated), group)
  for (const [name, file] of wanted) await writeOne(join(folder, dated), name, file, group)
  await rm(join(folder, '..data_tmp'), { force: true })
  await symlink(dated, join(folder, '..data_tmp'))
  await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  await linkNames(folder, dated, wanted)
}

/** Hands a path to a group. An engine with one id can't; then no container of the pod starts, and says why. */
export async function giveToGroup(path: string, group: number | undefined, mode: number): Promise<void> {
  if (group !== undefined) await chown(path, process.getuid!(), group).catch(() => undefined)
  // After chown, which takes the set-group-ID bit away.
  await chmod(path, mode)
}

async function makeFolder(path: string, group: number | undefined): Promise<void> {
  await mkdir(path, { recursive: true })
  await giveToGroup(path, group, group === undefined ? 0o755 : 0o2755)
}

async function writeOne(
  root: string,
  name: string,
  file: FileContent,
  group: number | undefined,
): Promise<void> {
  const path = join(root, name)
  if (dirname(path) !== root) await makeFolder(dirname(path), group)
  await writeFile(path, file.content)
  await giveToGroup(path, group, file.mode)
  if (file.user !== undefined) {
    await chown(path, file.user, group ?? process.getgid!()).catch(() => undefined)
  }
}

/** Names that are new, and away with names and dated folders that are not. */
async function linkNames(folder: string, dated: string, files: Files): Promise<void> {
  const tops = new Set([...files.keys()].map((name) => name.split(sep)[0]!))
  const present = await readdir(folder)
  const outdated = present.filter((entry) => entry !== '..data' && entry !== dated && !tops.has(entry))
  await Promise.all([
    ...outdated.map((entry) => rm(join(folder, entry), { recursive: true, force: true })),
    ...[...tops]
      .filter((top) => !present.includes(top))
      .map((top) => symlink(join('..data', top), join(folder, top))),
  ])
}

async function isSame(folder: string, wanted: Files): Promise<boolean> {
  try {
    const root = join(folder, '..data')
    const entries = await readdir(root, { recursive: true, withFileTypes: true })
    const present = entries.filter((entry) => entry.isFile())
    if (present.length !== wanted.size) return false
    for (const entry of present) {
      const path = join(entry.parentPath, entry.name)
      const file = wanted.get(relative(root, path))
      if (!file || !file.content.equals(await readFile(path))) return false
      if (((await stat(path)).mode & 0o777) !== file.mode) return false
    }
    return true
  } catch {
    return false
  }
}
