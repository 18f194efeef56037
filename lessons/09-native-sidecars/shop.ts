/** The pod of this lesson that stays: an app that speaks through its sidecar, in whichever list the manifest has that. */
import type { Check, Verdict } from '#sandbox/course/check.ts'
import type { Lab } from '#sandbox/course/lab.ts'
import { onPod, statusesOf } from '#sandbox/course/subject.ts'
import type { Container, ContainerStatus, Pod } from '#sandbox/objects.ts'
import { explainBlocked } from './blocked.ts'
import { secondsSince, timeOf } from './times.ts'

/** Where the app listens. */
const APP_PORT = 8080

/** How long a check may wait for what is still coming; the judge would take more for a broken check. */
export const PATIENCE_MS = 18_000

/** Judges the pod with an app and its sidecar in it once all has started, or says what keeps it from starting. */
export function onShop(judge: (shop: Shop) => Promise<Verdict>): Check {
  const subject = { what: 'two containers and is no Job’s', is: isShop }
  return async (lab) => {
    const deadline = Date.now() + PATIENCE_MS
    for (;;) {
      let isJudged = false
      const check = onPod(subject, async (_, pod) => {
        isJudged = true
        return await judge(new Shop(lab, pod, deadline))
      })
      const verdict = await check(lab)
      if (isJudged) return verdict
      const pod = (await lab.pods()).find((each) => isShop(each) && !each.metadata.deletionTimestamp)
      const blocked = pod && (await explainBlocked(lab, pod))
      // A gate takes its time, and one that was saved a moment ago may be about to open.
      const isOpening = pod && !blocked?.isFinal && Date.now() + 5_000 < deadline
      if (!isOpening) return blocked?.verdict ?? verdict
    }
  }
}

/** One pod with an app and its sidecar in it, for one run of a check. */
export class Shop {
  readonly lab: Lab
  readonly pod: Pod
  readonly name: string
  /** The ordinary containers. */
  readonly ordinary: Container[]
  /** The native sidecars, in their order. */
  readonly sidecars: Container[]

  readonly #deadline: number

  constructor(lab: Lab, pod: Pod, deadline: number) {
    this.#deadline = deadline
    this.lab = lab
    this.pod = pod
    this.name = pod.metadata.name
    this.ordinary = pod.spec.containers
    this.sidecars = sidecarsOf(pod)
  }

  /** What is left of the time that a check may take. */
  get leftMs(): number {
    return Math.max(0, this.#deadline - Date.now())
  }

  /**
   * Asks the app, which asks its proxy, which asks the backend, until the answer comes. It gives up when everything has
   * been running for a while, when a container has to wait before it starts again, and `untilCrash` when the app has died.
   */
  async ask({ untilCrash = false } = {}): Promise<string | undefined> {
    let answered: string | undefined
    const isOver = async () => {
      const pod = await this.lab.pod(this.name)
      if (!pod || (untilCrash && findCrashed(pod))) return true
      if (statusesOf(pod).some(({ state }) => state?.waiting?.reason === 'CrashLoopBackOff')) return true
      if (!statusesOf(pod).every(({ state }) => state?.running)) return false
      const answer = await this.lab.request(this.name, APP_PORT, `/${this.lab.nonce}`)
      if (answer?.status === 200 && answer.body.includes(this.lab.nonce)) answered = answer.body.trim()
      return answered ?? isQuiet(pod)
    }
    await this.lab.until(isOver, { timeoutMs: this.leftMs, intervalMs: 150 })
    return answered
  }

  /** The containers of these whose log holds what {@link ask} asked for. */
  async carriers(containers: Container[]): Promise<string[]> {
    const names: string[] = []
    for (const { name } of containers) {
      const lines = await this.lab.logLines(this.name, name)
      if (lines.some((line) => line.includes(this.lab.nonce))) names.push(name)
    }
    return names
  }

  async status(container: string): Promise<ContainerStatus | undefined> {
    const pod = await this.lab.pod(this.name)
    return pod && statusesOf(pod).find(({ name }) => name === container)
  }

  /** The ordinary container that has ended by itself and badly, with what it said about it. */
  async crashed(): Promise<{ name: string; said: string } | undefined> {
    const pod = await this.lab.pod(this.name)
    const name = pod && findCrashed(pod)
    if (!name) return undefined
    const lines = await this.lab.logLines(this.name, name)
    const said = lines.find((line) => /nobody answers|ECONNREFUSED|Error/.test(line)) ?? lines.at(-1)
    return { name, said: said ?? 'nothing' }
  }

  /** When each container started, as one line. */
  async times(): Promise<string> {
    const pod = (await this.lab.pod(this.name)) ?? this.pod
    return statusesOf(pod)
      .map((status) => `${status.name} started ${timeOf(startedAt(status))}`)
      .join(', ')
  }
}

/** The native sidecars of a pod. */
export function sidecarsOf({ spec }: Pod): Container[] {
  return (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
}

/** The uid of the Job that owns the pod. */
export function jobOf({ metadata }: Pod): string | undefined {
  return metadata.ownerReferences?.find(({ kind }) => kind === 'Job')?.uid
}

function findCrashed({ status }: Pod): string | undefined {
  return status.containerStatuses?.find(hasCrashed)?.name
}

/** Whether all containers have been running for so long that nothing more comes of it. */
function isQuiet(pod: Pod): boolean {
  return statusesOf(pod).every(({ state }) => secondsSince(state?.running?.startedAt) > 8)
}

/** Whether a container ended by itself and badly, rather than by a signal that somebody sent. */
function hasCrashed({ state, lastState }: ContainerStatus): boolean {
  const exitCode = (state?.terminated ?? lastState?.terminated)?.exitCode ?? 0
  return ![0, 130, 137, 143].includes(exitCode)
}

/** Of the first run that is still known. */
function startedAt({ state, lastState }: ContainerStatus): string | undefined {
  return (lastState?.terminated ?? state?.running ?? state?.terminated)?.startedAt
}

function isShop(pod: Pod): boolean {
  const { containers, initContainers = [] } = pod.spec
  return jobOf(pod) === undefined && containers.length + initContainers.length > 1
}
