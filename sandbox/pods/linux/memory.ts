/**
 * Memory limits of containers, kept by looking: whoever uses more is killed. No cgroup is used, so that root and an
 * ordinary user get the same, and nothing is left on the machine when the engine is killed.
 */
import { readFileSync, readdirSync } from 'node:fs'
import type { Clock } from '../../clock.ts'

/** Looks so often at a container that may soon be over its limit, and at others. */
const nearMs = 100
const farMs = 400

/** Calls `onExceeded` once when the processes of `roots()` and their children use more than `limitBytes`. */
export function watchMemory(
  roots: () => number[],
  limitBytes: number,
  clock: Clock,
  onExceeded: () => void,
): { stop(): void } {
  let cancel = clock.schedule(nearMs, look)
  function look(): void {
    const used = usedBytes(roots())
    if (used > limitBytes) onExceeded()
    else cancel = clock.schedule(used > limitBytes / 2 ? nearMs : farMs, look)
  }
  return { stop: () => cancel() }
}

/** What the kernel could not drop: anonymous and shared memory, not the pages of files. */
function usedBytes(pids: readonly number[]): number {
  let sum = 0
  for (const pid of pids) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'latin1')
      for (const [, kilobytes] of status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm))
        sum += Number(kilobytes) * 1024
      sum += usedBytes(childrenOf(pid))
    } catch {
      // It ended a moment ago.
    }
  }
  return sum
}

/** Children belong to the thread that forked them. */
function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  )
}
