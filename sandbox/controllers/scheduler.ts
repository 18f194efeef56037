/** The scheduler of a cluster with one node: binds every pod that asks for it, and says so. */
import { EVENTS, PODS, objectPath, type KubernetesClient } from '../client.ts'
import { microTimestamp, type Clock } from '../clock.ts'
import { followObjects } from '../follow.ts'
import type { Pod } from '../objects.ts'

const NAME = 'default-scheduler'

/** Binds pods without a node to `nodeName`, until it is stopped. A pod that names another scheduler waits for that. */
export async function startScheduler(options: {
  client: KubernetesClient
  clock: Clock
  nodeName: string
}): Promise<{ stop(): Promise<void> }> {
  const { client, clock, nodeName } = options
  const underWay = new Set<string>()

  async function bind(pod: Pod): Promise<void> {
    const { name, namespace, uid, deletionTimestamp } = pod.metadata
    if (pod.spec.nodeName || deletionTimestamp || underWay.has(uid)) return
    if ((pod.spec.schedulerName ?? NAME) !== NAME) return
    underWay.add(uid)
    const target = { apiVersion: 'v1', kind: 'Node', name: nodeName }
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target }
    try {
      await client.json('POST', objectPath(PODS, { name, namespace }, 'binding'), binding)
      await client.create(EVENTS, scheduledEvent(pod, nodeName, clock.now()))
    } catch {
      // Gone or bound in the meantime: there is nothing left to do for it.
    } finally {
      underWay.delete(uid)
    }
  }

  return await followObjects(client, PODS, {
    clock,
    fieldSelector: 'spec.nodeName=',
    onList: (pods) => void Promise.all(pods.map(bind)),
    onChange: (pod, isGone) => void (isGone ? undefined : bind(pod)),
  })
}

/** As the real scheduler writes it through events.k8s.io/v1: with eventTime, and without a count. */
function scheduledEvent(pod: Pod, nodeName: string, nowMs: number) {
  const { name, namespace, uid, resourceVersion } = pod.metadata
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${(BigInt(nowMs) * 1_000_000n).toString(16)}`, namespace },
    involvedObject: { kind: 'Pod', namespace, name, uid, apiVersion: 'v1', resourceVersion },
    reason: 'Scheduled',
    message: `Successfully assigned ${namespace}/${name} to ${nodeName}`,
    type: 'Normal',
    action: 'Binding',
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: microTimestamp(nowMs),
    reportingComponent: NAME,
    reportingInstance: `${NAME}-${nodeName}`,
  }
}
