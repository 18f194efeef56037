/** The conditions that the kubelet keeps: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions */
import { timestamp } from '../clock.ts'
import type { ContainerStatus, Pod, PodCondition, PodStatus } from '../objects.ts'
import { isSidecar } from './record.ts'

/** What conditions are judged by. */
export interface ConditionContext {
  /** Of init containers and main ones, in the spec's order. */
  statuses: ContainerStatus[]
  phase: string
  /** A main container has run. */
  isInitialized: boolean
  hasSandbox: boolean
  /** Of a pod that the kubelet evicts. */
  evictionMessage?: string
  nowMs: number
}

type Verdict = Pick<PodCondition, 'reason' | 'message'> & { status: 'True' | 'False' }

const OWNED = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled']

/** The kubelet's own conditions behind those of others, each with the time since when it has its status. */
export function podConditions(pod: Pod, before: PodStatus, context: ConditionContext): PodCondition[] {
  const owned = context.evictionMessage === undefined ? OWNED : [...OWNED, 'DisruptionTarget']
  const foreign = (pod.status.conditions ?? []).filter(({ type }) => !owned.includes(type))
  const containersReady = judgeContainersReady(pod, context)
  const verdicts: Record<string, Verdict> = {
    PodReadyToStartContainers: { status: context.hasSandbox ? 'True' : 'False' },
    Initialized: judgeInitialized(pod, context),
    Ready: containersReady.status === 'True' ? judgeGates(pod, foreign) : containersReady,
    ContainersReady: containersReady,
    PodScheduled: { status: 'True' },
    DisruptionTarget: {
      status: 'True',
      reason: 'TerminationByKubelet',
      message: context.evictionMessage,
    },
  }
  const { generation } = pod.metadata
  const own = owned.map((type) => {
    const { status, reason, message } = verdicts[type]!
    const former = before.conditions?.find((condition) => condition.type === type)
    return {
      type,
      ...(generation ? { observedGeneration: generation } : {}),
      status,
      lastProbeTime: null as unknown as string,
      lastTransitionTime:
        former?.status === status && former.lastTransitionTime
          ? former.lastTransitionTime
          : timestamp(context.nowMs),
      ...(reason ? { reason } : {}),
      ...(message ? { message } : {}),
    }
  })
  return [...foreign, ...own]
}

function judgeContainersReady(pod: Pod, { statuses, phase }: ConditionContext): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  const counted = [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers]
  const unready = counted.map(({ name }) => name).filter((name) => !find(statuses, name).ready)
  if (unready.length === 0) return { status: 'True' }
  const message = `containers with unready status: [${unready.join(' ')}]`
  return { status: 'False', reason: 'ContainersNotReady', message }
}

function judgeInitialized(pod: Pod, { statuses, phase, isInitialized }: ConditionContext): Verdict {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' }
  if (isInitialized) return { status: 'True' }
  const incomplete = (pod.spec.initContainers ?? []).filter((container) => {
    const status = find(statuses, container.name)
    return isSidecar(container) ? !status.started : !status.ready
  })
  if (incomplete.length === 0) return { status: 'True' }
  const message = `containers with incomplete status: [${incomplete.map(({ name }) => name).join(' ')}]`
  return { status: 'False', reason: 'ContainersNotInitialized', message }
}

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-readiness-gate */
function judgeGates(pod: Pod, conditions: PodCondition[]): Verdict {
  const unready = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const status = conditions.find(({ type }) => type === conditionType)?.status
    if (status === 'True') return []
    return status === undefined
      ? [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`]
      : [`the status of pod readiness gate "${conditionType}" is not "True", but ${status}`]
  })
  if (unready.length === 0) return { status: 'True' }
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: unready.join(', ') }
}

function find(statuses: ContainerStatus[], name: string): ContainerStatus {
  return statuses.find((status) => status.name === name)!
}
