/** Finds the pod that a check is about once there is something to judge, and explains where there is none. */
import type { ContainerStatus, Pod } from '../objects.ts'
import { notYet, type Check, type Verdict } from './check.ts'
import type { Lab } from './lab.ts'

/** Which pod a check is about. */
export interface Subject {
  /** Completes “none of the pods … has”: `a container with nginx`. */
  what: string
  is(pod: Pod): boolean
  /** A better answer than the usual one where an init container has failed; `undefined` leaves it at that. */
  explainFailedInit?(lab: Lab, pod: Pod, init: ContainerStatus): Promise<Verdict | undefined>
}

/**
 * Judges the subject as soon as all its containers, sidecars included, have started. It answers “not yet” itself where
 * the pod is not there, waits for something that will not come (an image, a ConfigMap), or an init container has failed.
 */
export function onPod(subject: Subject, judge: (lab: Lab, pod: Pod) => Promise<Verdict>): Check {
  return async (lab) => {
    const isReady = (pod: Pod) => !pod.metadata.deletionTimestamp && subject.is(pod) && isSettled(pod)
    const pod = await lab.until(async () => (await lab.pods()).find(isReady), { timeoutMs: 10_000 })
    if (!pod) return explainAbsence(await lab.pods(), subject, lab.namespace)
    const stuck = statusesOf(pod).find(isStuck)
    if (stuck) return explainStuck(pod, stuck)
    const failed = failedInit(pod)
    if (!failed) return await judge(lab, pod)
    return (await subject.explainFailedInit?.(lab, pod, failed)) ?? (await explainFailure(lab, pod, failed))
  }
}

/** The statuses of all containers of a pod, init containers first. */
export function statusesOf({ status }: Pod): ContainerStatus[] {
  return [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
}

/** Whether the container runs, or has run before. */
export function hasStarted({ state, lastState }: ContainerStatus): boolean {
  return Boolean(state?.running ?? state?.terminated ?? lastState?.terminated)
}

function isSettled(pod: Pod): boolean {
  const statuses = statusesOf(pod)
  const all = pod.spec.containers.length + (pod.spec.initContainers?.length ?? 0)
  if (statuses.some(isStuck) || failedInit(pod)) return true
  return statuses.length === all && statuses.every(hasStarted)
}

/** A container that waits for something that will not come: a missing image or ConfigMap, a wrong command. */
function isStuck({ state, lastState }: ContainerStatus): boolean {
  const reason = state?.waiting?.reason ?? ''
  return !lastState?.terminated && /^(Err|Image|Invalid|Create|Run)/.test(reason)
}

/** An init container that ended badly keeps the others from starting; a sidecar keeps nobody once it has started. */
function failedInit({ spec, status }: Pod): ContainerStatus | undefined {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  const names = new Set(sidecars.map(({ name }) => name))
  return status.initContainerStatuses?.find((init) => !names.has(init.name) && lastExitCode(init) !== 0)
}

/** 0 while it runs, and before it has ended for the first time. */
function lastExitCode({ state, lastState }: ContainerStatus): number {
  if (state?.running) return 0
  return (state?.terminated ?? lastState?.terminated)?.exitCode ?? 0
}

function explainStuck(pod: Pod, { name, state }: ContainerStatus): Verdict {
  const { reason = 'Waiting', message = '' } = state!.waiting!
  return notYet(`container ${name} can't start: ${reason}`, {
    evidence: { source: `pod ${pod.metadata.name} .status.containerStatuses`, text: message || reason },
  })
}

async function explainFailure(lab: Lab, pod: Pod, init: ContainerStatus): Promise<Verdict> {
  const said = (await lab.logLines(pod.metadata.name, init.name)).slice(-3).join('\n')
  const evidence = { source: `logs ${pod.metadata.name} -c ${init.name}`, text: said || '(nothing)' }
  return notYet(`init container ${init.name} ended with exit code ${lastExitCode(init)}`, { evidence })
}

function explainAbsence(pods: Pod[], { what, is }: Subject, namespace: string): Verdict {
  if (pods.length === 0) return notYet(`no pod runs in namespace ${namespace}`)
  const pod = pods.find(is)
  if (!pod) return notYet(`none of the pods in namespace ${namespace} has ${what}`)
  const waiting = statusesOf(pod).find(({ state }) => state?.waiting)
  const text = `${pod.status.phase}${waiting ? `, ${waiting.name}: ${waiting.state!.waiting!.reason}` : ''}`
  return notYet(`the containers of pod ${pod.metadata.name} have not all started`, {
    evidence: { source: `pod ${pod.metadata.name} .status`, text },
  })
}
