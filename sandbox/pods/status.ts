/** The pod status that the kubelet writes: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ */
import { timestamp } from '../clock.ts'
import type { Container, ContainerState, ContainerStatus, Pod, PodStatus } from '../objects.ts'
import { goDuration, restartAtMs } from './back-off.ts'
import { podConditions } from './conditions.ts'
import { podPhase } from './phase.ts'
import {
  ephemeralContainersOf,
  hasInitialized,
  isEphemeral,
  isSidecar,
  type ContainerRecord,
  type EndedInstance,
  type PodRecord,
} from './record.ts'
import { PULL_ERROR_SHOWN_MS, restarts } from './start-order.ts'
import { EXPIRED, completionOfMains } from './termination.ts'

/** What else the status depends on. */
export interface StatusContext {
  /** No container starts any more. */
  isEnding: boolean
  /** All that ran has ended, for good. */
  isTerminal: boolean
  nowMs: number
}

/** All of the status but what the API server and the node add (qosClass, hostIP). */
export function podStatus(pod: Pod, record: PodRecord, before: PodStatus, context: StatusContext): PodStatus {
  const statusOf = (former: ContainerStatus[] | undefined) => (container: Container) =>
    containerStatus(
      pod,
      container,
      record,
      former?.find(({ name }) => name === container.name),
      context,
    )
  const inits = (pod.spec.initContainers ?? []).map(statusOf(before.initContainerStatuses))
  const mains = pod.spec.containers.map(statusOf(before.containerStatuses))
  const ephemeral = ephemeralContainersOf(pod).map(statusOf(before.ephemeralContainerStatuses))
  const isInitialized = hasInitialized(pod, record)
  const verdict = verdictOf(record)
  const isComplete = completionOfMains(pod, record) !== undefined
  const { isTerminal } = context
  const phase = podPhase(pod, inits, mains, {
    isTerminal,
    isEndedByKubelet: verdict !== undefined,
    isInitialized,
    isComplete,
  })
  const ip = 'ip' in record.sandbox ? record.sandbox.ip : undefined
  const { generation } = pod.metadata
  return {
    ...(generation ? { observedGeneration: generation } : {}),
    phase,
    ...(isTerminal ? verdict : {}),
    conditions: podConditions(pod, before, {
      statuses: [...inits, ...mains],
      phase,
      isInitialized,
      hasSandbox: record.sandbox.is === 'ready',
      evictionMessage: record.evicted?.message,
      nowMs: context.nowMs,
    }),
    startTime: before.startTime ?? timestamp(context.nowMs),
    ...(ip ? { podIP: ip, podIPs: [{ ip }] } : {}),
    ...(inits.length > 0 ? { initContainerStatuses: inits } : {}),
    containerStatuses: mains,
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
  }
}

/** Why the kubelet itself ended the pod. */
function verdictOf({ evicted, expiredAtMs }: PodRecord): { reason: string; message: string } | undefined {
  if (evicted) return { reason: 'Evicted', message: evicted.message }
  return expiredAtMs === undefined ? undefined : EXPIRED
}

function containerStatus(
  pod: Pod,
  container: Container,
  { sandbox, containers }: PodRecord,
  before: ContainerStatus | undefined,
  context: StatusContext,
): ContainerStatus {
  const record = containers[container.name]!
  const { instance, failure } = record
  // Until the new run is there, its postStart hook done, the old one is what there is to see.
  if (isUnseen(instance) && before) return before
  const { state, last } = stateOf(pod, container, record, context)
  const isRunning = instance.is === 'running'
  const isInit = isPlainInit(pod, container)
  const isDone = instance.is === 'ended' && instance.exitCode === 0
  const id = isRunning ? instance.id : (state.terminated?.containerID ?? last?.id)?.replace(/^.*:\/\//, '')
  const setupFailure = sandbox.is === 'absent' && !failure ? sandbox.failure : undefined
  if (state.waiting && setupFailure?.reason === 'Unsupported') state.waiting.message = setupFailure.message
  return {
    name: container.name,
    state,
    lastState: last ? { terminated: terminated(last) } : {},
    ready: isInit ? isDone : isRunning && instance.started && instance.ready && !isEphemeral(pod, container),
    restartCount: record.attempt,
    image: record.image?.reference ?? container.image ?? '',
    imageID: record.image?.id ?? '',
    ...(id ? { containerID: `embedded://${id}` } : {}),
    ...(isEphemeral(pod, container) ? {} : { started: isRunning && instance.started }),
    ...(id ? resourcesOf(container) : {}),
    ...(container.volumeMounts?.length ? { volumeMounts: container.volumeMounts.map(mountStatus) } : {}),
  }
}

function isUnseen(instance: ContainerRecord['instance']): boolean {
  if (instance.is === 'running') return instance.condemned?.because === 'postStart'
  return instance.is === 'starting'
}

function stateOf(
  pod: Pod,
  container: Container,
  record: ContainerRecord,
  { isEnding, isTerminal, nowMs }: StatusContext,
): { state: ContainerState; last?: EndedInstance } {
  const { instance, last } = record
  if (instance.is === 'running') {
    return { state: { running: { startedAt: timestamp(instance.startedAtMs) } }, last }
  }
  if (instance.is === 'ended') {
    const isAgain = !isEnding && restarts(pod, container, instance)
    const waiting = isAgain
      ? (failureShown(container, record, nowMs) ?? crashShown(pod, container, record, nowMs))
      : undefined
    return waiting
      ? { state: { waiting }, last: instance }
      : { state: { terminated: terminated(instance) }, last }
  }
  if (isTerminal && !isPlainInit(pod, container)) return { state: { terminated: NEVER_SEEN }, last }
  const reason = pod.spec.initContainers?.length ? 'PodInitializing' : 'ContainerCreating'
  return { state: { waiting: failureShown(container, record, nowMs) ?? { reason } }, last }
}

/** What the kubelet says of a container that never ran, when its pod has ended. */
const NEVER_SEEN: NonNullable<ContainerState['terminated']> = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was terminated',
}

function terminated(ended: EndedInstance): NonNullable<ContainerState['terminated']> {
  return {
    exitCode: ended.exitCode,
    reason: ended.reason,
    ...(ended.message ? { message: ended.message } : {}),
    startedAt: timestamp(ended.startedAtMs ?? 0),
    finishedAt: timestamp(ended.finishedAtMs),
    ...(ended.id ? { containerID: `embedded://${ended.id}` } : {}),
  }
}

function failureShown(container: Container, { failure }: ContainerRecord, nowMs: number) {
  if (!failure) return undefined
  if (failure.reason !== 'ErrImagePull' || nowMs < failure.atMs + PULL_ERROR_SHOWN_MS) {
    return { reason: failure.reason, message: failure.message }
  }
  const message = `Back-off pulling image "${container.image}": ErrImagePull: ${failure.message}`
  return { reason: 'ImagePullBackOff', message }
}

function crashShown(pod: Pod, container: Container, record: ContainerRecord, nowMs: number) {
  const { instance, crashBackOff, last } = record
  if (instance.is !== 'ended' || !crashBackOff) return undefined
  if (nowMs >= restartAtMs({ ended: instance, before: last, backOff: crashBackOff })) return undefined
  const { name, namespace, uid } = pod.metadata
  return {
    reason: 'CrashLoopBackOff',
    message: `back-off ${goDuration(crashBackOff.delayMs)} restarting failed container=${container.name} pod=${name}_${namespace}(${uid})`,
  }
}

function isPlainInit(pod: Pod, container: Container): boolean {
  return !isSidecar(container) && (pod.spec.initContainers ?? []).includes(container)
}

function resourcesOf({ resources }: Container) {
  return {
    ...(resources?.requests ? { allocatedResources: resources.requests } : {}),
    resources: resources ?? {},
  }
}

function mountStatus({ name, mountPath, readOnly }: NonNullable<Container['volumeMounts']>[number]) {
  return { name, mountPath, ...(readOnly ? { readOnly, recursiveReadOnly: 'Disabled' } : {}) }
}
