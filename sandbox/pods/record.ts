/** What the kubelet knows of one pod and the API does not: which containers run, ran or failed to start, and when. */
import type { Container, Pod } from '../objects.ts'

/** One run of a container that is over. */
export interface EndedInstance {
  /** Absent for a run that never got as far as having one. */
  id?: string
  exitCode: number
  /** Completed, Error, OOMKilled, StartError; Unknown for one that a reboot took away. */
  reason: string
  message?: string
  startedAtMs?: number
  finishedAtMs: number
  /** It was ended to be replaced: it restarts whatever its exit code. */
  isReplaced?: true
}

/** The latest run of a container. */
export type Instance =
  | { is: 'absent' }
  | { is: 'starting'; after?: EndedInstance }
  | RunningInstance
  | ({ is: 'ended'; beforeReboot?: true } & EndedInstance)

/** A run that goes on. */
export interface RunningInstance {
  is: 'running'
  id: string
  startedAtMs: number
  /** The startup probe has succeeded, or there is none. */
  started: boolean
  /** The readiness probe succeeds, or there is none. */
  ready: boolean
  /** It is to end while its pod goes on. */
  condemned?: Condemnation
  /** How far its end has come. */
  stop?: Stop
}

/** Why a container is ended while its pod goes on: a probe, a hook that failed, or a new image. */
export interface Condemnation {
  because: 'liveness' | 'startup' | 'postStart' | 'definition'
  atMs: number
}

/** The steps from the wish that a container ends to its end. */
export interface Stop {
  preStop?: 'running' | 'done'
  /** SIGTERM has been sent; SIGKILL follows at this time. */
  killAtMs?: number
  killed?: true
}

/** A try that came to nothing, and when the next one is due. */
export interface Failure {
  /** ErrImagePull, CreateContainerConfigError, … : the reason of the waiting state. */
  reason: string
  message: string
  atMs: number
  /** How long to wait before the next try. */
  delayMs: number
}

/** How long the next restart waits after a crash; `atMs` is when the last one happened. */
export interface CrashBackOff {
  delayMs: number
  atMs: number
}

/** One container's story. */
export interface ContainerRecord {
  /** The restartCount of `instance`, or of the one to come when it is absent. */
  attempt: number
  instance: Instance
  /** The run before `instance`. */
  last?: EndedInstance
  /** The image of `instance`: its full reference, and what it is here. */
  image?: { reference: string; id: string }
  failure?: Failure
  crashBackOff?: CrashBackOff
}

/** The pod's network and volumes. They go once no container needs them any more. */
export type SandboxRecord =
  | { is: 'absent'; failure?: Failure }
  | { is: 'preparing' }
  | { is: 'ready'; ip: string }
  | { is: 'removing'; ip: string }
  | { is: 'removed'; ip?: string }

/** Everything observed of one pod. */
export interface PodRecord {
  sandbox: SandboxRecord
  /** Someone asked for its deletion: all must have ended at `deadlineMs`. */
  deletion?: { deadlineMs: number; graceSeconds: number }
  /** When its activeDeadlineSeconds were found to be over. */
  expiredAtMs?: number
  /** The kubelet ends it since it uses more of the machine than it may. */
  evicted?: { atMs: number; message: string }
  /** Its object has been, or is being, removed from the API. */
  isRemoved?: true
  containers: Record<string, ContainerRecord>
}

/** All containers of a pod in their order: init containers and native sidecars, then the main ones. */
export function containersOf(pod: Pod): Container[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
}

/** Those that `kubectl debug` adds: https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/ */
export function ephemeralContainersOf(pod: Pod): Container[] {
  return pod.spec.ephemeralContainers ?? []
}

/** Whether a container came later and is never restarted. */
export function isEphemeral(pod: Pod, { name }: Container): boolean {
  return ephemeralContainersOf(pod).some((container) => container.name === name)
}

/** An init container that keeps running: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/ */
export function isSidecar(container: Container): boolean {
  return (container as { restartPolicy?: string }).restartPolicy === 'Always'
}

/** Whether any main container has run in the present sandbox; from then on a pod counts as initialized. */
export function hasInitialized(pod: Pod, record: PodRecord): boolean {
  return pod.spec.containers.some(({ name }) => {
    const { instance } = record.containers[name]!
    if (instance.is === 'ended') return !instance.beforeReboot
    return instance.is === 'running' || (instance.is === 'starting' && instance.after !== undefined)
  })
}

/**
 * The record of a pod that this kubelet sees for the first time. What its status says to run was lost
 * with a former life of the node, and is taken as killed by that reboot.
 */
export function newPodRecord(pod: Pod, nowMs: number): PodRecord {
  const statuses = [
    ...(pod.status.initContainerStatuses ?? []),
    ...(pod.status.containerStatuses ?? []),
    ...(pod.status.ephemeralContainerStatuses ?? []),
  ]
  const isOver = pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
  const containers: PodRecord['containers'] = {}
  for (const { name } of [...containersOf(pod), ...ephemeralContainersOf(pod)]) {
    const status = statuses.find((candidate) => candidate.name === name)
    const ran = status?.state?.running ?? status?.state?.terminated
    const ended = ran || status?.lastState?.terminated ? endedBefore(status!, nowMs) : undefined
    containers[name] = {
      attempt: status?.restartCount ?? 0,
      instance: ended ? { is: 'ended', beforeReboot: true, ...ended } : { is: 'absent' },
      ...(status?.imageID ? { image: { reference: status.image, id: status.imageID } } : {}),
    }
  }
  const record: PodRecord = { sandbox: { is: isOver ? 'removed' : 'absent' }, containers }
  const { reason, message = '' } = pod.status
  if (isOver && reason === 'Evicted') record.evicted = { atMs: nowMs, message }
  if (isOver && pod.status.podIP) record.sandbox = { is: 'removed', ip: pod.status.podIP }
  if (pod.status.reason === 'DeadlineExceeded') record.expiredAtMs = nowMs
  return record
}

/** Ephemeral containers may be added while the pod runs. */
export function noteEphemeralContainers(pod: Pod, record: PodRecord): void {
  for (const { name } of ephemeralContainersOf(pod)) {
    record.containers[name] ??= { attempt: 0, instance: { is: 'absent' } }
  }
}

/** A new sandbox needs its init containers again, whatever they did in the one before. */
export function forgetInitialization(pod: Pod, record: PodRecord): void {
  for (const { name } of pod.spec.initContainers ?? []) {
    const known = record.containers[name]!
    if (known.instance.is !== 'ended' || !known.instance.beforeReboot) continue
    const { is: _is, beforeReboot: _beforeReboot, ...last } = known.instance
    record.containers[name] = { ...known, attempt: known.attempt + 1, instance: { is: 'absent' }, last }
  }
}

function endedBefore(status: NonNullable<Pod['status']['containerStatuses']>[number], nowMs: number) {
  const { running } = status.state ?? {}
  const terminated = status.state?.terminated ?? status.lastState?.terminated
  const id = (running ? status.containerID : terminated?.containerID)?.replace(/^.*:\/\//, '')
  const startedAt = running?.startedAt ?? terminated?.startedAt
  return {
    ...(id ? { id } : {}),
    exitCode: running ? 255 : terminated!.exitCode,
    reason: running ? 'Unknown' : (terminated!.reason ?? 'Error'),
    ...(terminated?.message && !running ? { message: terminated.message } : {}),
    ...(startedAt ? { startedAtMs: Date.parse(startedAt) } : {}),
    finishedAtMs: running || !terminated?.finishedAt ? nowMs : Date.parse(terminated.finishedAt),
  }
}
