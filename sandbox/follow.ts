/** Follows all objects of a kind: a list, then a watch that is taken up again whatever ends it. */
import { ApiError, type KubernetesClient, type ListOptions, type Resource } from './client.ts'
import type { Clock } from './clock.ts'
import type { KubeObject } from './objects.ts'

/** Pause after a list or watch that failed, and the least time between two watches. */
const RETRY_MS = 500

/** What whoever follows is given. */
export interface FollowContext {
  client: KubernetesClient
  clock: Clock
  /** Ends the following: nothing is told after it. */
  signal: AbortSignal
}

/** An object as it is now, or as it last was when `isGone`. */
export type OnObject<T extends KubeObject> = (object: T, isGone: boolean) => void

/**
 * Calls back for each object that there is and for each change after; settles when the first list has been told
 * and throws what that list throws. After a gap every object is told again, those that went meanwhile first.
 */
export async function follow<T extends KubeObject>(
  context: FollowContext,
  resource: Resource<T>,
  options: Omit<ListOptions, 'signal'>,
  onObject: OnObject<T>,
): Promise<void> {
  const { client, clock, signal } = context
  const known = new Map<string, T>()

  function tell(object: T, isGone: boolean): void {
    if (signal.aborted) return
    if (isGone) known.delete(object.metadata.uid)
    else known.set(object.metadata.uid, object)
    onObject(object, isGone)
  }

  async function list(): Promise<string> {
    const { items, resourceVersion } = await client.list(resource, { ...options, signal })
    const present = new Set(items.map(({ metadata }) => metadata.uid))
    for (const [uid, object] of known) if (!present.has(uid)) tell(object, true)
    for (const item of items) tell(item, false)
    return resourceVersion
  }

  async function keepUp(first: string): Promise<void> {
    let resourceVersion: string | undefined = first
    while (!signal.aborted) {
      const startedMs = clock.now()
      try {
        resourceVersion ??= await list()
        for await (const event of client.watch(resource, { ...options, resourceVersion, signal })) {
          resourceVersion = event.object.metadata.resourceVersion
          if (event.type !== 'BOOKMARK') tell(event.object, event.type === 'DELETED')
        }
        if (clock.now() - startedMs < RETRY_MS) await pause(clock, signal)
      } catch (error) {
        resourceVersion = undefined
        if (!ApiError.isReason(error, 'Expired')) await pause(clock, signal)
      }
    }
  }

  const first = await list()
  void keepUp(first)
}

function pause(clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const cancel = clock.schedule(RETRY_MS, resolve)
    signal.addEventListener('abort', () => (cancel(), resolve()), { once: true })
  })
}
