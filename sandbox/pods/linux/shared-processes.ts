/** Containers that share a process namespace: its first process, and the end of what a container leaves in it. */
import { readdirSync, readlinkSync } from 'node:fs'
import type { Operation } from './process.ts'

/** What the first process of a shared namespace runs: it does nothing but take in orphans. */
export const pauseOperations: Operation[] = [
  ['env', 'PATH=/usr/bin:/bin'],
  ['cwd', '/'],
  ['arg', 'perl'],
  ['arg', '-e'],
  // An ignored SIGCHLD has the kernel reap.
  ['arg', '$0 = "/pause"; $SIG{CHLD} = "IGNORE"; sleep while 1'],
]

/** Names the container that a process belongs to: its mount namespace. `undefined` when it has ended. */
export function containerOf(pid: number | string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`)
  } catch {
    return undefined
  }
}

/** Kills what is left of a container whose main process was not the first of its namespace. */
export function killContainer(container: string | undefined): void {
  if (container === undefined) return
  for (const pid of readdirSync('/proc')) {
    if (/^\d+$/.test(pid) && containerOf(pid) === container) killProcess(Number(pid), 'SIGKILL')
  }
}

/** A no-op for a process that has ended. */
export function killProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended a moment ago.
  }
}
