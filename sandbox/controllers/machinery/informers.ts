/** One watch per kind for all controllers together, and the objects as it last told them. */
import type { Resource } from '../../client.ts'
import { type FollowContext, type OnObject, follow } from '../../follow.ts'
import type { KubeObject } from '../../objects.ts'

/** The kinds that are followed. */
export interface Informers {
  /** Calls back for each object that there is and for each change after; settles when the first list has been told. */
  follow<T extends KubeObject>(resource: Resource<T>, onObject: OnObject<T>): Promise<void>
  /** The objects of a followed kind as last told: a moment old, so good for finding and not for counting. */
  list<T extends KubeObject>(resource: Resource<T>): T[]
}

interface Shared {
  known: Map<string, KubeObject>
  listeners: OnObject<KubeObject>[]
  ready: Promise<void>
}

/** Informers that follow until the context's signal aborts. */
export function createInformers(context: FollowContext): Informers {
  const followed = new Map<string, Shared>()

  function open(resource: Resource): Shared {
    const known = new Map<string, KubeObject>()
    const listeners: OnObject<KubeObject>[] = []
    const ready = follow(context, resource, {}, (object, isGone) => {
      if (isGone) known.delete(object.metadata.uid)
      else known.set(object.metadata.uid, object)
      for (const listener of listeners) listener(object, isGone)
    })
    return { known, listeners, ready }
  }

  return {
    async follow<T extends KubeObject>(resource: Resource<T>, onObject: OnObject<T>) {
      const shared = followed.get(keyOf(resource)) ?? open(resource)
      followed.set(keyOf(resource), shared)
      for (const object of shared.known.values()) onObject(object as T, false)
      shared.listeners.push(onObject as OnObject<KubeObject>)
      await shared.ready
    },
    list<T extends KubeObject>(resource: Resource<T>) {
      return [...(followed.get(keyOf(resource))?.known.values() ?? [])] as T[]
    },
  }
}

function keyOf({ apiVersion, plural }: Resource): string {
  return `${apiVersion}/${plural}`
}
