/** Writes to an API without a pause, and remembers what was acknowledged and what is uncertain. */
import { setTimeout as pause } from 'node:timers/promises'
import { CONFIG_MAPS, type KubernetesClient } from '#sandbox/client.ts'

/** A writer at work. */
export interface Writer {
  /** Goes on with the cluster that came after. */
  use(client: KubernetesClient): void
  /** Names that were acknowledged and are not there, or were removed and are; asks the API. */
  lost(): Promise<string[]>
  acknowledged(): number
  stop(): Promise<void>
}

/** More would count as growth of the engine. */
const KEPT_AT_ONCE = 100

/** Begins at once. */
export function startWriter(first: KubernetesClient, namespace: string): Writer {
  let client = first
  const kept = new Set<string>()
  const removed = new Set<string>()
  let serial = 0
  let acknowledged = 0
  const stopped = new AbortController()

  async function create(): Promise<void> {
    const name = `written-${serial++}`
    await client.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace },
      data: { name },
    })
    kept.add(name)
    acknowledged += 1
  }

  async function remove(): Promise<void> {
    const [name] = kept
    if (name === undefined || kept.size < KEPT_AT_ONCE) return
    // Uncertain until it is acknowledged.
    kept.delete(name)
    await client.delete(CONFIG_MAPS, { namespace, name })
    removed.add(name)
  }

  async function write(): Promise<void> {
    while (!stopped.signal.aborted) {
      // What fails while the cluster is down is uncertain, and asked of nobody.
      await create()
        .then(remove)
        .catch(() => pause(20))
      await pause(2)
    }
  }

  const written = write()
  return {
    use: (next) => void (client = next),
    acknowledged: () => acknowledged,
    async lost() {
      const [wanted, unwanted] = [[...kept], new Set(removed)]
      const { items } = await client.list(CONFIG_MAPS, { namespace })
      const present = new Set(items.map(({ metadata }) => metadata.name))
      return [
        ...wanted.filter((name) => kept.has(name) && !present.has(name)).map((name) => `${name} is lost`),
        ...[...present].filter((name) => unwanted.has(name)).map((name) => `${name} is back`),
      ]
    },
    async stop() {
      stopped.abort()
      await written
    },
  }
}
