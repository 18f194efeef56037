/** Keeps one pod of each DaemonSet on every node that fits: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/ */
import { isDeepStrictEqual } from 'node:util'
import { NODES, type ObjectRef } from '../client.ts'
import { DAEMON_SETS } from '../kinds.ts'
import { selects } from '../label-selector.ts'
import type { DaemonSet, Node, Pod, PodTemplateSpec } from '../objects.ts'
import {
  claimPods,
  createPod,
  deletePod,
  followPods,
  isActive,
  isAvailable,
  readySince,
} from './machinery/pods.ts'
import { createQueue } from './machinery/queue.ts'
import { type Record as RecordEvent, createRecorder } from './machinery/recorder.ts'
import { templateHash } from './machinery/template-hash.ts'
import type { ControllerContext } from './start.ts'

const HASH = 'controller-revision-hash'
/** What a node may be without losing its pod: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations */
const TOLERATED: Record<string, 'NoExecute' | 'NoSchedule'> = {
  'node.kubernetes.io/not-ready': 'NoExecute',
  'node.kubernetes.io/unreachable': 'NoExecute',
  'node.kubernetes.io/disk-pressure': 'NoSchedule',
  'node.kubernetes.io/memory-pressure': 'NoSchedule',
  'node.kubernetes.io/pid-pressure': 'NoSchedule',
  'node.kubernetes.io/unschedulable': 'NoSchedule',
}

/** Works until the signal aborts. */
export async function startController(context: ControllerContext): Promise<void> {
  const { informers } = context
  const record = createRecorder(context, 'daemonset-controller')
  const queue = createQueue(context, (ref) => reconcile(context, record, ref))
  await informers.follow(DAEMON_SETS, ({ metadata }) => queue.add(metadata))
  await informers.follow(NODES, () => {
    for (const { metadata } of informers.list(DAEMON_SETS)) queue.add(metadata)
  })
  await followPods(context, DAEMON_SETS, queue)
}

async function reconcile(context: ControllerContext, record: RecordEvent, ref: ObjectRef): Promise<void> {
  const set = await context.client.find(DAEMON_SETS, ref)
  if (!set || set.metadata.deletionTimestamp) return
  const pods = await claimPods(context, set)
  const { items: nodes } = await context.client.list(NODES)
  const { nodeName, nodeSelector } = set.spec.template.spec ?? {}
  const fitting = nodes.filter(
    ({ metadata }) =>
      (!nodeName || nodeName === metadata.name) && selects({ matchLabels: nodeSelector }, metadata.labels),
  )
  const hash = templateHash(set.spec.template)
  await writeStatus(context, set, fitting, pods, hash)
  for (const node of fitting) {
    const own = pods.filter((pod) => nodeOf(pod) === node.metadata.name)
    // A pod that ended is replaced once it is gone, one that is going makes room first.
    for (const pod of own) {
      if (['Succeeded', 'Failed'].includes(pod.status.phase ?? '')) await deletePod(context, record, set, pod)
    }
    if (own.length === 0) await createPod(context, record, set, templateFor(set, node, hash))
  }
  const strays = pods.filter((pod) => !fitting.some(({ metadata }) => metadata.name === nodeOf(pod)))
  for (const pod of strays.filter(isActive)) await deletePod(context, record, set, pod)
  await replaceOld(context, record, set, pods, hash)
}

/** Removes pods of an older template, as many at once as may be missing. */
async function replaceOld(
  context: ControllerContext,
  record: RecordEvent,
  set: DaemonSet,
  pods: readonly Pod[],
  hash: string,
): Promise<void> {
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {}
  if (type !== 'RollingUpdate') return
  const { maxUnavailable = 1 } = rollingUpdate ?? {}
  const most =
    typeof maxUnavailable === 'number'
      ? maxUnavailable
      : Math.ceil((Number.parseInt(maxUnavailable, 10) * pods.length) / 100)
  const missing = pods.filter((pod) => !isActive(pod) || readySince(pod) === undefined)
  const old = pods.filter((pod) => isActive(pod) && pod.metadata.labels?.[HASH] !== hash)
  // One that is not ready is no loss.
  const idle = old.filter((pod) => readySince(pod) === undefined)
  const serving = old.filter((pod) => !idle.includes(pod))
  const room = Math.max(0, most - missing.length)
  for (const pod of [...idle, ...serving.slice(0, room)]) await deletePod(context, record, set, pod)
}

/** The node that a pod is on, or is meant for. */
function nodeOf({ spec }: Pod): string | undefined {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  return spec.nodeName || terms?.[0]?.matchFields?.[0]?.values?.[0]
}

function templateFor({ spec: { template } }: DaemonSet, node: Node, hash: string): PodTemplateSpec {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [node.metadata.name] }]
  const nodeSelectorTerms = [{ matchFields }]
  const added = Object.entries(TOLERATED).map(([key, effect]) => ({
    key,
    operator: 'Exists' as const,
    effect,
  }))
  return {
    metadata: { ...template.metadata, labels: { ...template.metadata?.labels, [HASH]: hash } },
    spec: {
      ...template.spec!,
      affinity: {
        ...template.spec?.affinity,
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
      },
      tolerations: [...(template.spec?.tolerations ?? []), ...added],
    },
  }
}

async function writeStatus(
  { client, clock }: ControllerContext,
  set: DaemonSet,
  fitting: readonly Node[],
  pods: readonly Pod[],
  hash: string,
): Promise<void> {
  const now = clock.now()
  const { minReadySeconds = 0 } = set.spec
  const isMeant = (pod: Pod) => fitting.some(({ metadata }) => metadata.name === nodeOf(pod))
  const scheduled = pods.filter((pod) => isMeant(pod) && isActive(pod))
  const available = scheduled.filter((pod) => isAvailable(pod, minReadySeconds, now)).length
  const updated = scheduled.filter(({ metadata }) => metadata.labels?.[HASH] === hash).length
  const missing = fitting.length - available
  const status: DaemonSet['status'] = {
    currentNumberScheduled: scheduled.length,
    desiredNumberScheduled: fitting.length,
    numberMisscheduled: pods.filter((pod) => !isMeant(pod) && isActive(pod)).length,
    numberReady: scheduled.filter((pod) => readySince(pod) !== undefined).length,
    observedGeneration: set.metadata.generation,
    ...(updated > 0 ? { updatedNumberScheduled: updated } : {}),
    ...(available > 0 ? { numberAvailable: available } : {}),
    ...(missing > 0 ? { numberUnavailable: missing } : {}),
  }
  if (!isDeepStrictEqual(status, set.status)) {
    await client.replace(DAEMON_SETS, { ...set, status }, 'status')
  }
}
