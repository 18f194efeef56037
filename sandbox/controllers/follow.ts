/** How a controller keeps up with the API: list, then watch, for as long as it lives. */
import { ApiError, type KubernetesClient, type ListOptions, type Resource } from '../client.ts'
import type { Clock } from '../clock.ts'
import type { KubeObject } from '../objects.ts'

/** Pause before a list or watch that failed is tried again. */
const RETRY_MS = 500

/** What every controller is given. */
export interface ControllerContext {
  client: KubernetesClient
  clock: Clock
  /** Ends the controller. */
  signal: AbortSignal
}

/** A change of one object; `isGone` after its deletion. */
export type OnObject<T extends KubeObject> = (object: T, isGone: boolean) => void

/**
 * Calls back for each object that there is and for each change after; settles when the first list has been
 * told. A list after a gap tells every object again, but not what was deleted meanwhile.
 */
export async function follow<T extends KubeObject>(
  context: ControllerContext,
  resource: Resource<T>,
  options: Omit<ListOptions, 'signal'>,
  onObject: OnObject<T>,
): Promise<void> {
  const { client, clock, signal } = context

  async function list(): Promise<string> {
    const { items, resourceVersion } = await client.list(resource, { ...options, signal })
    for (const item of items) onObject(item, false)
    return resourceVersion
  }

  async function watch(since: string): Promise<string> {
    let resourceVersion = since
    for await (const event of client.watch(resource, { ...options, resourceVersion, signal })) {
      resourceVersion = event.object.metadata.resourceVersion
      if (event.type !== 'BOOKMARK') onObject(event.object, event.type === 'DELETED')
    }
    return resourceVersion
  }

  async function keepUp(first: string): Promise<void> {
    let resourceVersion: string | undefined = first
    while (!signal.aborted) {
      try {
        resourceVersion = await watch(resourceVersion ?? (await list()))
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
    const cancel = clock.schedule(RETRY_MS, resolve)
    signal.addEventListener('abort', () => (cancel(), resolve()), { once: true })
  })
}
