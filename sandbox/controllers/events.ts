/** Forgets old events, as Kubernetes does after an hour (kube-apiserver's --event-ttl). */
import { EVENTS } from '../client.ts'
import type { Event } from '../objects.ts'
import type { FollowContext } from '../follow.ts'
import type { ControllerContext } from './start.ts'

const EVENT_TTL_MS = 60 * 60 * 1000
const SWEEP_INTERVAL_MS = 5 * 60 * 1000

/** Sweeps every five minutes until the signal aborts. */
export function startController(context: ControllerContext): void {
  context.clock.schedule(SWEEP_INTERVAL_MS, () => {
    if (context.signal.aborted) return
    // What fails has another turn with the next sweep.
    void sweep(context).catch(() => {})
    startController(context)
  })
}

async function sweep({ client, clock, signal }: FollowContext): Promise<void> {
  const { items } = await client.list(EVENTS, { signal })
  const oldest = clock.now() - EVENT_TTL_MS
  for (const event of items) {
    if (lastSeenMs(event) < oldest) await client.delete(EVENTS, event.metadata)
  }
}

function lastSeenMs({ series, lastTimestamp, metadata }: Event): number {
  return Date.parse(series?.lastObservedTime ?? lastTimestamp ?? metadata.creationTimestamp)
}
