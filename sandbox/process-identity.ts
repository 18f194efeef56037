/** Names a process so that a later one with the same number is not mistaken for it. */
import { readFileSync } from 'node:fs'

/** A process number, and when it started in clock ticks since boot (`undefined` where there is no /proc). */
export interface ProcessIdentity {
  pid: number
  startTicks?: string
}

/** The identity of a process that runs now; `undefined` when there is none of that number. */
export function identify(pid: number): ProcessIdentity | undefined {
  if (!exists(pid)) return undefined
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Fields behind the command name, which may hold spaces and parentheses: state is the first, starttime the 20th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : { pid, startTicks: fields[19] }
  } catch {
    return process.platform === 'linux' ? undefined : { pid }
  }
}

/** Whether that very process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  const current = identify(identity.pid)
  return current !== undefined && current.startTicks === identity.startTicks
}

/** Sends a signal to that very process; a no-op when it has ended. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return
  try {
    process.kill(identity.pid, signal)
  } catch {
    // It ended in between.
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
