/** Events that controllers write, repeated ones counted up. */
import { ApiError, EVENTS } from '../../client.ts'
import { timestamp } from '../../clock.ts'
import type { FollowContext } from '../../follow.ts'
import type { KubeObject } from '../../objects.ts'

/** One thing worth telling about an object. */
export interface Told {
  type: 'Normal' | 'Warning'
  reason: string
  message: string
}

/** Writes an event in the background; one that can't be written is dropped. */
export type Record = (object: KubeObject, event: Told) => void

/** How many different events are counted up; Kubernetes' own figure. */
const MAX_REMEMBERED = 4096

/** Tells events as `component`, such as `deployment-controller`. */
export function createRecorder({ client, clock }: FollowContext, component: string): Record {
  const seen = new Map<string, { name: string; count: number }>()
  let writing = Promise.resolve()
  let serial = 0

  async function write(object: KubeObject, event: Told, nowMs: number): Promise<void> {
    const { namespace = 'default', uid } = object.metadata
    const key = JSON.stringify([uid, event])
    const known = seen.get(key)
    if (known) {
      known.count += 1
      const change = { count: known.count, lastTimestamp: timestamp(nowMs) }
      try {
        return void (await client.patch(EVENTS, { namespace, name: known.name }, change))
      } catch (error) {
        if (!ApiError.isReason(error, 'NotFound')) throw error
      }
    }
    serial += 1
    const name = `${object.metadata.name}.${(BigInt(nowMs) * 1_000_000n + BigInt(serial % 1_000_000)).toString(16)}`
    seen.set(key, { name, count: 1 })
    if (seen.size > MAX_REMEMBERED) seen.delete(seen.keys().next().value!)
    await client.create(EVENTS, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: referenceTo(object),
      ...event,
      source: { component },
      firstTimestamp: timestamp(nowMs),
      lastTimestamp: timestamp(nowMs),
      count: 1,
      eventTime: null,
      reportingComponent: component,
      reportingInstance: '',
    })
  }

  return (object, event) => {
    const nowMs = clock.now()
    writing = writing.then(() => write(object, event, nowMs)).catch(() => undefined)
  }
}

function referenceTo({ apiVersion, kind, metadata }: KubeObject) {
  const { namespace, name, uid, resourceVersion } = metadata
  return { kind, namespace, name, uid, apiVersion, resourceVersion }
}
