/** Folders in memory, for emptyDir volumes of medium Memory. They go with the node's mount namespace. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** See ContainerRuntime. */
export async function mountMemory(folder: string, sizeBytes?: number): Promise<void> {
  if (await isMountPoint(folder)) return
  const size = sizeBytes === undefined ? [] : [`size=${Math.max(Math.ceil(sizeBytes), 1)}`]
  await run('mount', [
    '-t',
    'tmpfs',
    '-o',
    ['mode=777', 'nosuid', 'nodev', ...size].join(','),
    'tmpfs',
    folder,
  ])
}

/** See ContainerRuntime. */
export async function unmountMemory(folder: string): Promise<void> {
  if (await isMountPoint(folder)) await run('umount', ['--lazy', folder])
}

async function isMountPoint(folder: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8')
  // The kernel writes blanks in octal.
  const written = folder.replaceAll('\\', '\\134').replaceAll(' ', '\\040')
  return mounts.split('\n').some((line) => line.split(' ')[4] === written)
}
