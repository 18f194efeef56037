/** The pod of this lesson that stays: an app that speaks through its sidecar, in whichever list the manifest has that. */
import type { Check, Verdict } from '#sandbox/course/check.ts'
import type { Lab } from '#sandbox/course/lab.ts'
import { onPod, statusesOf } from '#sandbox/course/subject.ts'
import type { Container, ContainerStatus, Pod } from '#sandbox/objects.ts'
import { explainBlocked } from './blocked.ts'

/** Where the app listens. */
const APP_PORT = 8080

/** Judges the pod with an app and its sidecar in it once all has started, or says what keeps it from starting. */
export function onShop(judge: (shop: Shop) => Promise<Verdict>): Check {
  const subject = { what: 'two containers and is no Job’s', is: isShop }
  return async (lab) => {
    for (;;) {
      let isJudged = false
      const check = onPod(subject, async (_, pod) => {
        isJudged = true
        return await judge(new Shop(lab, pod))
      })
      const verdict = await check(lab)
      if (isJudged) return verdict
      const pod = (await lab.pods()).find((each) => isShop(each) && !each.metadata.deletionTimestamp)
      const blocked = pod && (await explainBlocked(lab, pod))
      const isRecognized = blocked?.verdict === 'not yet' && blocked.hint
      // A gate takes its time, and one that was saved a moment ago may be about to open.
      if (!pod || isRecognized || secondsOld(pod) > 9) return blocked ?? verdict
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

  constructor(lab: Lab, pod: Pod) {
    this.lab = lab
    this.pod = pod
    this.name = pod.metadata.name
    this.ordinary = pod.spec.containers
    this.sidecars = sidecarsOf(pod)
  }

  /** Asks the app, which asks its proxy, which asks the backend; undefined when that does not come back in time. */
  async ask(timeoutMs = 6_000): Promise<string | undefined> {
    return (
      (await this.lab.until(
        async () => {
          const answer = await this.lab.request(this.name, APP_PORT, `/${this.lab.nonce}`)
          return answer?.status === 200 && answer.body.includes(this.lab.nonce) && answer.body.trim()
        },
        { timeoutMs },
      )) || undefined
    )
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

  /** The ordinary container that has ended by itself and badly, with the last thing that it said. */
  async crashed(): Promise<{ name: string; said: string } | undefined> {
    for (const { name } of this.ordinary) {
      if (!hasCrashed(await this.status(name))) continue
      const lines = await this.lab.logLines(this.name, name)
      const said = lines.find((line) => /nobody answers|ECONNREFUSED|Error/.test(line)) ?? lines.at(-1)
      return { name, said: said ?? 'nothing' }
    }
    return undefined
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

/** The time of day in a timestamp. */
export function timeOf(timestamp: string | undefined): string {
  return timestamp?.slice(11, 19) ?? 'never'
}

/** The uid of the Job that owns the pod. */
export function jobOf({ metadata }: Pod): string | undefined {
  return metadata.ownerReferences?.find(({ kind }) => kind === 'Job')?.uid
}

/** Whether a container ended by itself and badly, rather than by a signal that somebody sent. */
function hasCrashed(status: ContainerStatus | undefined): boolean {
  const exitCode = (status?.state?.terminated ?? status?.lastState?.terminated)?.exitCode ?? 0
  return ![0, 130, 137, 143].includes(exitCode)
}

function secondsOld({ metadata }: Pod): number {
  return (Date.now() - Date.parse(metadata.creationTimestamp)) / 1_000
}

/** Of the first run that is still known. */
function startedAt({ state, lastState }: ContainerStatus): string | undefined {
  return (lastState?.terminated ?? state?.running ?? state?.terminated)?.startedAt
}

function isShop(pod: Pod): boolean {
  const { containers, initContainers = [] } = pod.spec
  return jobOf(pod) === undefined && containers.length + initContainers.length > 1
}
