/** Gives every pod without a node one that fits it: https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/ */
import { EVENTS, NODES, PODS, objectPath } from '../client.ts'
import { microTimestamp, timestamp } from '../clock.ts'
import { selects } from '../label-selector.ts'
import type { Node, Pod } from '../objects.ts'
import { type FollowContext, follow } from '../follow.ts'
import type { ControllerContext } from './start.ts'

/** Schedules until the signal aborts; settles when all pods and nodes that there are have been seen. */
export async function startController(context: ControllerContext): Promise<void> {
  const nodes = new Map<string, Node>()
  const waiting = new Map<string, Pod>()

  await context.informers.follow(NODES, (node, isGone) => {
    if (isGone) nodes.delete(node.metadata.name)
    else nodes.set(node.metadata.name, node)
    for (const pod of waiting.values()) consider(pod)
  })
  await follow(context, PODS, { fieldSelector: 'spec.nodeName=' }, (pod, isGone) => {
    if (isGone || pod.metadata.deletionTimestamp) waiting.delete(pod.metadata.uid)
    else if (pod.spec.schedulerName === 'default-scheduler') consider(pod)
  })

  function consider(pod: Pod): void {
    const { uid } = pod.metadata
    const node = [...nodes.values()].find((one) => fits(pod, one))
    if (node) {
      waiting.delete(uid)
      // A pod that was deleted or bound meanwhile needs no node of us.
      void bind(context, pod, node.metadata.name).catch(() => {})
    } else if (!waiting.has(uid)) {
      waiting.set(uid, pod)
      void reportUnschedulable(context, pod, nodes.size).catch(() => {})
    }
  }
}

function fits(pod: Pod, node: Node): boolean {
  if (node.spec?.unschedulable) return false
  const labels = node.metadata.labels ?? {}
  return selects({ matchLabels: pod.spec.nodeSelector }, labels) && hasAffinity(pod, node)
}

/** Any term of the required node affinity will do; of fields there is only the node's name. */
function hasAffinity({ spec }: Pod, { metadata }: Node): boolean {
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  if (!required) return true
  return required.nodeSelectorTerms.some(({ matchExpressions, matchFields = [] }) => {
    const isNamed = matchFields.every(
      ({ operator, values = [] }) => values.includes(metadata.name) === (operator === 'In'),
    )
    return isNamed && selects({ matchExpressions }, metadata.labels)
  })
}

async function bind(context: FollowContext, pod: Pod, node: string): Promise<void> {
  const { namespace, name, uid } = pod.metadata
  await context.client.json('POST', objectPath(PODS, pod.metadata, 'binding'), {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace, uid },
    target: { apiVersion: 'v1', kind: 'Node', name: node },
  })
  const message = `Successfully assigned ${namespace}/${name} to ${node}`
  await record(context, pod, { type: 'Normal', reason: 'Scheduled', action: 'Binding', message })
}

async function reportUnschedulable(context: FollowContext, pod: Pod, nodeCount: number): Promise<void> {
  const message =
    nodeCount === 0
      ? 'no nodes available to schedule pods'
      : `0/${nodeCount} nodes are available: ${nodeCount} node(s) didn't match Pod's node affinity/selector. preemption: 0/${nodeCount} nodes are available: ${nodeCount} Preemption is not helpful for scheduling.`
  await record(context, pod, { type: 'Warning', reason: 'FailedScheduling', action: 'Scheduling', message })
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message,
    lastProbeTime: null,
    lastTransitionTime: timestamp(context.clock.now()),
  }
  await context.client.patch(
    PODS,
    pod.metadata,
    { status: { conditions: [condition] } },
    { type: 'application/strategic-merge-patch+json', subresource: 'status' },
  )
}

async function record(
  { client, clock }: FollowContext,
  pod: Pod,
  event: { type: string; reason: string; action: string; message: string },
): Promise<void> {
  const { namespace, name, uid, resourceVersion } = pod.metadata
  const now = clock.now()
  await client.create(EVENTS, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace, generateName: `${name}.` },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid, resourceVersion },
    ...event,
    eventTime: microTimestamp(now),
    reportingComponent: 'default-scheduler',
    reportingInstance: 'default-scheduler-sidecar-node',
  })
}
