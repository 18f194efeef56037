/** Follows all objects of a kind: a list, then a watch that is taken up again whatever ends it. */
import { ApiError, type KubernetesClient, type Resource } from './client.ts'
import type { Clock } from './clock.ts'
import type { KubeObject } from './objects.ts'

/** Pause after a list or watch that failed, and the least time between two watches. */
const RETRY_MS = 500

/** What to follow, and whom to tell. */
export interface FollowOptions<T extends KubeObject> {
  clock: Clock
  fieldSelector?: string
  /** All there is, at first and whenever changes may have been missed. */
  onList(objects: T[]): void
  /** One object as it is now, or as it last was when `isGone`. */
  onChange(object: T, isGone: boolean): void
}

/** Settles when the first list has been handed over; throws what that list throws. */
export async function followObjects<T extends KubeObject>(
  client: KubernetesClient,
  resource: Resource<T>,
  { clock, fieldSelector, onList, onChange }: FollowOptions<T>,
): Promise<{ stop(): Promise<void> }> {
  const aborter = new AbortController()
  const { signal } = aborter
  let resourceVersion = ''

  async function list(): Promise<void> {
    const answer = await client.list(resource, { fieldSelector, signal })
    resourceVersion = answer.resourceVersion
    onList(answer.items)
  }

  async function watch(): Promise<void> {
    for await (const event of client.watch(resource, { fieldSelector, resourceVersion, signal })) {
      resourceVersion = event.object.metadata.resourceVersion
      if (event.type !== 'BOOKMARK') onChange(event.object, event.type === 'DELETED')
    }
  }

  async function follow(): Promise<void> {
    let mustList = false
    while (!signal.aborted) {
      const startedMs = clock.now()
      try {
        if (mustList) await list()
        mustList = false
        await watch()
        if (clock.now() - startedMs < RETRY_MS) await pause(clock, signal)
      } catch (error) {
        mustList = true
        if (!ApiError.isReason(error, 'Expired')) await pause(clock, signal)
      }
    }
  }

  await list()
  const following = follow()
  return {
    stop() {
      aborter.abort()
      return following
    },
  }
}

function pause(clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.schedule(RETRY_MS, resolve)
    signal.addEventListener('abort', () => (cancel(), resolve()), { once: true })
    if (signal.aborted) resolve()
  })
}
