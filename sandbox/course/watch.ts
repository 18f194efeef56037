/** Notices that a learner saved a file, also where the file system tells nobody. */
import { watch } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeployed } from './workspace.ts'

/** Who is told. */
export interface WatchOptions {
  /** A manifest or program appeared, changed or went. */
  changed(): void
  /** File events don't arrive here (some network and WSL mounts), so a save is noticed within a second. */
  polling(): void
  signal: AbortSignal
}

/** Watches a folder until the signal aborts. */
export async function watchFolder(folder: string, options: WatchOptions): Promise<void> {
  const { changed, polling, signal } = options
  let seen = await fingerprint(folder)
  if (signal.aborted) return
  let announced = false
  let saidPolling = false
  let settling: NodeJS.Timeout | undefined

  // An event that is only late is no reason to say so.
  const sayPolling = () => {
    if (announced || saidPolling || signal.aborted) return
    saidPolling = true
    polling()
  }

  const look = async (byEvent: boolean) => {
    const now = await fingerprint(folder)
    if (now === seen || signal.aborted) return
    seen = now
    if (!byEvent) setTimeout(sayPolling, EVENT_MS).unref()
    changed()
  }

  try {
    const events = watch(folder, { signal }, () => {
      announced = true
      // An editor's save is several events: the one look behind them sees the whole.
      clearTimeout(settling)
      settling = setTimeout(() => void look(true), SETTLE_MS)
    })
    events.on('error', () => {})
  } catch {
    // No file events on this system: the timer below sees all changes.
  }
  const timer = setInterval(() => void look(false), POLL_MS)
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}

/** What changes when a file that is deployed changes. */
async function fingerprint(folder: string): Promise<string> {
  const names = (await readdir(folder).catch(() => [])).filter(isDeployed).sort()
  const stats = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => undefined)))
  return names
    .map((name, index) => `${name} ${stats[index]?.mtimeMs} ${stats[index]?.size} ${stats[index]?.ino}`)
    .join('\n')
}

const SETTLE_MS = 30
const EVENT_MS = 500
const POLL_MS = 1_000
