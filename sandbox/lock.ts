/** One at a time, across processes: a lock file that names its holder and dies with it. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts'

/** A lock that is held. */
export interface Lock {
  release(): void
}

/** Takes the lock, or answers who has it. A lock whose holder has ended is taken over. */
export function tryLock(path: string): Lock | { heldBy: ProcessIdentity } {
  const own = identify(process.pid) ?? { pid: process.pid }
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, JSON.stringify(own), { mode: 0o600 })
  try {
    // A link is made whole or not at all, so nobody ever reads half a holder.
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        linkSync(draft, path)
        return { release: () => rmSync(path, { force: true }) }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const holder = readHolder(path)
      if (holder && isAlive(holder)) return { heldBy: holder }
      setAside(path)
    }
    return { heldBy: readHolder(path) ?? own }
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Moves a dead holder's lock away; when another process took it over meanwhile, puts that one back. */
function setAside(path: string): void {
  const aside = `${path}.stale.${process.pid}`
  try {
    renameSync(path, aside)
    const moved = readHolder(aside)
    if (moved && isAlive(moved)) linkSync(aside, path)
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

function readHolder(path: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity
  } catch {
    return undefined
  }
}
