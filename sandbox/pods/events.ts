/** Events that the kubelet writes, repeated ones counted up: what `kubectl describe pod` shows at its end. */
import type { Clock } from '../clock.ts'
import { timestamp } from '../clock.ts'
import { ApiError, EVENTS, type KubernetesClient } from '../client.ts'
import type { Container, ContainerStatus, Pod, PodStatus } from '../objects.ts'
import { isSidecar, type Condemnation } from './record.ts'
import { isReplacedAfter } from './start-order.ts'

/** One thing worth telling about a pod, or about one container of it. */
export interface PodEvent {
  type: 'Normal' | 'Warning'
  reason: string
  message: string
  container?: string
}

/** Writes events, one after the other and in the background. */
export interface EventRecorder {
  record(pod: Pod, event: PodEvent): void
  /** Forgets what was counted for a pod that is gone. */
  forget(uid: string): void
  /** Settles when all that was recorded so far has been written. */
  flush(): Promise<void>
}

/** A recorder that speaks for the kubelet of `nodeName`. An event that can't be written is dropped. */
export function createEventRecorder(client: KubernetesClient, clock: Clock, nodeName: string): EventRecorder {
  const seen = new Map<string, Map<string, { name: string; count: number }>>()
  let queue = Promise.resolve()
  // Names sort as the events came, and differ from those of a former life in the same millisecond.
  let serial = Math.floor(Math.random() * 900_000)

  async function write(pod: Pod, event: PodEvent, nowMs: number): Promise<void> {
    const { namespace, uid } = pod.metadata
    const ofPod = seen.get(uid) ?? new Map<string, { name: string; count: number }>()
    seen.set(uid, ofPod)
    const key = JSON.stringify(event)
    const known = ofPod.get(key)
    if (known) {
      known.count += 1
      const change = { count: known.count, lastTimestamp: timestamp(nowMs) }
      try {
        await client.patch(EVENTS, { namespace, name: known.name }, change)
        return
      } catch (error) {
        if (!ApiError.isReason(error, 'NotFound')) throw error
      }
    }
    const name = `${pod.metadata.name}.${(BigInt(nowMs) * 1_000_000n + BigInt(serial++ % 1_000_000)).toString(16)}`
    ofPod.set(key, { name, count: 1 })
    await client.create(EVENTS, newEvent(pod, event, name, nowMs, nodeName))
  }

  return {
    record(pod, event) {
      const nowMs = clock.now()
      queue = queue.then(() => write(pod, event, nowMs)).catch(() => undefined)
    },
    forget(uid) {
      queue = queue.then(() => void seen.delete(uid))
    },
    flush: () => queue,
  }
}

/** What is told when a status takes the place of the one before: the back-offs that it enters. */
export function eventsOfChange(pod: Pod, before: PodStatus, after: PodStatus): PodEvent[] {
  const former = [...(before.initContainerStatuses ?? []), ...(before.containerStatuses ?? [])]
  return [...(after.initContainerStatuses ?? []), ...(after.containerStatuses ?? [])].flatMap((status) => {
    const old = former.find(({ name }) => name === status.name)
    const reason = status.state?.waiting?.reason
    const isSame = old?.state?.waiting?.reason === reason && old?.restartCount === status.restartCount
    return isSame ? [] : eventsOfBackOff(pod, status, reason)
  })
}

/** What is told when a container is to end while its pod goes on: the kubelet's computePodActions. */
export function eventOfCondemnation(
  pod: Pod,
  container: Container,
  because: Condemnation['because'],
): PodEvent {
  const killing = (message: string): PodEvent => ({
    type: 'Normal',
    reason: 'Killing',
    message,
    container: container.name,
  })
  if (because === 'postStart') return killing('FailedPostStartHook')
  const trouble = because === 'definition' ? 'definition changed' : `failed ${because} probe`
  if (isSidecar(container)) return killing(`Init container ${container.name} ${trouble}`)
  const ending = isReplacedAfter(pod, because) ? ', will be restarted' : ''
  return killing(`Container ${container.name} ${trouble}${ending}`)
}

function eventsOfBackOff(pod: Pod, status: ContainerStatus, reason: string | undefined): PodEvent[] {
  const container = status.name
  if (reason === 'CrashLoopBackOff') {
    const { name, namespace, uid } = pod.metadata
    const message = `Back-off restarting failed container ${container} in pod ${name}_${namespace}(${uid})`
    return [{ type: 'Warning', reason: 'BackOff', message, container }]
  }
  if (reason === 'ImagePullBackOff') {
    return [
      { type: 'Normal', reason: 'BackOff', message: `Back-off pulling image "${status.image}"`, container },
      { type: 'Warning', reason: 'Failed', message: 'Error: ImagePullBackOff', container },
    ]
  }
  return []
}

function newEvent(pod: Pod, event: PodEvent, name: string, nowMs: number, nodeName: string) {
  const { namespace, uid, resourceVersion } = pod.metadata
  const list = (['initContainers', 'ephemeralContainers'] as const).find((field) =>
    pod.spec[field]?.some((container) => container.name === event.container),
  )
  const fieldPath = event.container && `spec.${list ?? 'containers'}{${event.container}}`
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace },
    involvedObject: {
      kind: 'Pod',
      namespace,
      name: pod.metadata.name,
      uid,
      apiVersion: 'v1',
      resourceVersion,
      ...(fieldPath ? { fieldPath } : {}),
    },
    reason: event.reason,
    message: event.message,
    source: { component: 'kubelet', host: nodeName },
    firstTimestamp: timestamp(nowMs),
    lastTimestamp: timestamp(nowMs),
    count: 1,
    type: event.type,
    eventTime: null,
    reportingComponent: 'kubelet',
    reportingInstance: nodeName,
  }
}
