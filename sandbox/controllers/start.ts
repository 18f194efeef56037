/** Starts every controller of the embedded cluster. */
import type { KubernetesClient } from '../client.ts'
import type { Clock } from '../clock.ts'
import { startEventController } from './events.ts'
import { startNamespaceController } from './namespaces.ts'
import { startScheduler } from './scheduler.ts'

/** Settles when each controller has seen what there is; they work until `stop`. */
export async function startControllers(options: {
  client: KubernetesClient
  clock: Clock
}): Promise<{ stop(): void }> {
  const aborter = new AbortController()
  const context = { ...options, signal: aborter.signal }
  startEventController(context)
  await Promise.all([startScheduler(context), startNamespaceController(context)])
  return { stop: () => aborter.abort() }
}
