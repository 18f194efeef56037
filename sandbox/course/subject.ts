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
    const pod = await settle(lab, subject)
    if (!pod) return await explainAbsence(lab, subject)
    const stuck = statusesOf(pod).find(isStuck)
    if (stuck) return explainStuck(pod, stuck)
    const failed = failedInit(pod)
    if (!failed) return await judge(lab, pod)
    return (await subject.explainFailedInit?.(lab, pod, failed)) ?? (await explainFailure(lab, pod, failed))
  }
}

/** For how long nothing may change in the containers of a pod that is starting. */
const PATIENCE_MS = 10_000
/** For how long there may be no pod: who makes one, a save or a Job, makes it at once. */
const ABSENCE_MS = 3_000
/** However much goes on meanwhile: an answer has to come before the check counts as broken. */
const LONGEST_START_MS = 20_000

/** The subject once there is something to judge; `undefined` where nothing gets on any more. */
async function settle(lab: Lab, { is }: Subject): Promise<Pod | undefined> {
  let before = ''
  let changedAtMs = Date.now()
  const look = async () => {
    const pods = (await lab.pods()).filter((pod) => !pod.metadata.deletionTimestamp && is(pod))
    const settled = pods.find(isSettled)
    const states = JSON.stringify(pods.map((pod) => statusesOf(pod).map(({ state }) => state)))
    if (states !== before) changedAtMs = Date.now()
    const patienceMs = pods.length === 0 ? ABSENCE_MS : PATIENCE_MS
    before = states
    return settled ?? (Date.now() - changedAtMs > patienceMs ? 'stands still' : undefined)
  }
  const found = await lab.until(look, { timeoutMs: LONGEST_START_MS })
  return found === 'stands still' ? undefined : found
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
function failedInit(pod: Pod): ContainerStatus | undefined {
  return plainInits(pod).find((init) => lastExitCode(init) !== 0)
}

function runningInit(pod: Pod): ContainerStatus | undefined {
  return plainInits(pod).find(({ state }) => state?.running)
}

/** Those that have to end before the app starts, which sidecars do not. */
function plainInits({ spec, status }: Pod): ContainerStatus[] {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  const names = new Set(sidecars.map(({ name }) => name))
  return (status.initContainerStatuses ?? []).filter(({ name }) => !names.has(name))
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

async function explainAbsence(lab: Lab, { what, is }: Subject): Promise<Verdict> {
  const pods = await lab.pods()
  if (pods.length === 0) return notYet(`no pod runs in namespace ${lab.namespace}`)
  const pod = pods.find(is)
  if (!pod) return notYet(`none of the pods in namespace ${lab.namespace} has ${what}`)
  const init = runningInit(pod)
  if (init) return await explainRunning(lab, pod, init)
  const waiting = statusesOf(pod).find(({ state }) => state?.waiting)
  const text = `${pod.status.phase}${waiting ? `, ${waiting.name}: ${waiting.state!.waiting!.reason}` : ''}`
  return notYet(`the containers of pod ${pod.metadata.name} have not all started`, {
    evidence: { source: `pod ${pod.metadata.name} .status`, text },
  })
}

async function explainRunning(lab: Lab, pod: Pod, { name }: ContainerStatus): Promise<Verdict> {
  const text = (await lab.logLines(pod.metadata.name, name)).at(-1) ?? '(nothing)'
  const because = `init container ${name} still runs, and the containers behind it wait for its end`
  return notYet(because, { evidence: { source: `logs ${pod.metadata.name} -c ${name}`, text } })
}
