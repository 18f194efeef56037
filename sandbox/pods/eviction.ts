/** Ends pods whose volumes have outgrown them: https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#local-temporary-storage */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import type { Pod } from '../objects.ts'
import { quantityValue } from '../quantity.ts'
import { volumeFolder } from './volume-mounts.ts'

/** The kubelet looks so often. */
const EVERY_MS = 10_000
/** Of `stat`, whatever the file system's own are. */
const BLOCK_BYTES = 512

/** A pod whose volumes are there. */
export interface EvictablePod {
  pod: Pod
  /** Where its volumes lie. */
  folder: string
  evict(message: string): void
}

/** Looks at the emptyDir volumes with a sizeLimit until `signal` aborts; those in memory can't outgrow theirs. */
export function startEviction(clock: Clock, signal: AbortSignal, pods: () => EvictablePod[]): void {
  async function look(): Promise<void> {
    for (const one of pods()) await lookAt(one)
    next()
  }
  function next(): void {
    if (!signal.aborted) clock.schedule(EVERY_MS, () => void look())
  }
  next()
}

async function lookAt({ pod, folder, evict }: EvictablePod): Promise<void> {
  for (const volume of pod.spec.volumes ?? []) {
    const { medium, sizeLimit } = volume.emptyDir ?? {}
    if (!sizeLimit || medium === 'Memory') continue
    const used = await usedBytes(volumeFolder(folder, volume))
    if (used <= quantityValue(sizeLimit)) continue
    evict(`Usage of EmptyDir volume "${volume.name}" exceeds the limit "${sizeLimit}". `)
    return
  }
}

/** What the disk holds of it, as du counts. Files may go while it counts. */
async function usedBytes(folder: string): Promise<number> {
  let sum = 0
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) sum += await usedBytes(path)
    else sum += ((await lstat(path).catch(() => undefined))?.blocks ?? 0) * BLOCK_BYTES
  }
  return sum
}
