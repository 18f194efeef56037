/** The kiosk as the checks see it: an app that calls out, whoever stands in its way, and what arrives at the price service. */
import { notYet, type Check, type Verdict } from '#sandbox/course/check.ts'
import type { Lab, LabResponse } from '#sandbox/course/lab.ts'
import { onPod, statusesOf } from '#sandbox/course/subject.ts'
import type { Container, Pod } from '#sandbox/objects.ts'

/** What the app is asked to ask for; a tag stands for one call, and is no beginning of another one. */
export interface Call {
  tag: string
  /** `prices` unless told; the first part of the path. */
  what?: string
  /** `&hold`: one of the price service's bad days. */
  query?: string
  method?: string
  headers?: Record<string, string>
  body?: string
}

/** A call as the price service logged it. */
export interface Arrival {
  method: string
  url: string
  headers: Record<string, string>
  body?: string
}

/** Judges the kiosk once the price service is ready and somebody stands beside the app, or says what is missing. */
export function onKiosk(judge: (kiosk: Kiosk) => Promise<Verdict>): Check {
  const subject = {
    what: 'app.ts, the app of the kiosk',
    is: (pod: Pod) => containerOf(pod, 'app.ts') !== '',
  }
  return onPod(subject, async (lab, pod) => {
    const prices = await lab.until(async () => (await lab.pods()).find(isOpen), { timeoutMs: 8_000 })
    if (!prices) return notYet('no pod that runs prices.ts is ready')
    const kiosk = new Kiosk(lab, pod, prices)
    if (kiosk.sidecars.length > 0) return await judge(kiosk)
    return notYet(`container ${kiosk.app} is alone in pod ${kiosk.name}: there is no sidecar`)
  })
}

/** Two pods, for one run of a check. */
export class Kiosk {
  readonly lab: Lab
  readonly pod: Pod
  readonly name: string
  readonly app: string
  /** The names of the app's neighbors that stay with it. */
  readonly sidecars: string[]
  readonly prices: { pod: string; container: string }

  constructor(lab: Lab, pod: Pod, prices: Pod) {
    this.lab = lab
    this.pod = pod
    this.name = pod.metadata.name
    this.app = containerOf(pod, 'app.ts')
    const native = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
    this.sidecars = [...native, ...pod.spec.containers]
      .map(({ name }) => name)
      .filter((name) => name !== this.app)
    this.prices = { pod: prices.metadata.name, container: containerOf(prices, 'prices.ts') }
  }

  /** What stands in the path of this call, and of no other. */
  mark(tag: string): string {
    return `${this.lab.nonce}-${tag}`
  }

  /** The path and query that the app is asked for, and asks for. */
  url({ tag, what = 'prices', query = '' }: Call): string {
    return `/${what}/${this.mark(tag)}?from=check${query}`
  }

  /** Has the app make a call; undefined when the app itself does not answer. */
  async call(call: Call): Promise<LabResponse | undefined> {
    const { method, headers, body } = call
    return await this.lab.request(this.name, 8080, this.url(call), { method, headers, body })
  }

  /** {@link call}, for one that is looked at before its answer is there; nobody has to wait for that. */
  startCall(call: Call): Promise<LabResponse | undefined> {
    const answer = this.call(call)
    // Whoever stops waiting has its own reason, and this one comes later.
    answer.catch(() => {})
    return answer
  }

  /** Lets the price service send the second half of an answer that it holds. */
  async release(tag: string): Promise<void> {
    await this.lab.request(this.prices.pod, 8080, `/release/${this.mark(tag)}`)
  }

  async pause(timeoutMs: number): Promise<void> {
    await this.lab.until(async () => false, { timeoutMs })
  }

  logLines(container: string): Promise<string[]> {
    return this.lab.logLines(this.name, container)
  }

  /** The lines of the app about a call, with one that holds `text` where that came in time. */
  async appLines(tag: string, text = ''): Promise<string[]> {
    const isOurs = (line: string) => line.includes(`${this.mark(tag)}?`)
    const isThere = (lines: string[]) => lines.some((line) => isOurs(line) && line.includes(text))
    return (await this.lab.waitForLog(this.name, this.app, isThere)).filter(isOurs)
  }

  /** The lines of one sidecar about a call. */
  async sidecarLines(container: string, tag: string): Promise<string[]> {
    return (await this.logLines(container)).filter((line) => line.includes(this.mark(tag)))
  }

  /** All that the price service was ever asked for, the oldest first. */
  async allArrivals(): Promise<Arrival[]> {
    const lines = await this.lab.logLines(this.prices.pod, this.prices.container)
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Arrival)
  }

  /** How a call arrived at the price service: once, not at all, or several times. */
  async arrivals(tag: string): Promise<Arrival[]> {
    const all = await this.allArrivals()
    return all.filter(({ url }) => url.split('?')[0]!.endsWith(`/${this.mark(tag)}`))
  }

  /** A sidecar that has ended by an error since the pod was made, and the words with which it did. */
  async findCrash(): Promise<{ container: string; text: string } | undefined> {
    const pod = await this.lab.pod(this.name)
    for (const { name, state, lastState } of pod ? statusesOf(pod) : []) {
      const exitCode = (state?.terminated ?? lastState?.terminated)?.exitCode ?? 0
      if (!this.sidecars.includes(name) || [0, 130, 137, 143].includes(exitCode)) continue
      const lines = (await this.logLines(name)).filter((line) => line.trim() !== '')
      const text = lines.findLast((line) => /^\s*\w*Error\b/.test(line)) ?? lines.at(-1) ?? '(nothing)'
      return { container: name, text }
    }
    return undefined
  }

  /** Where to look for what a container of the pod said. */
  source(container: string): string {
    return `logs ${this.name} -c ${container}`
  }

  /** Where to look for what the price service said. */
  get pricesSource(): string {
    return `logs ${this.prices.pod}`
  }
}

/** The container whose command names the program; an empty name where there is none. */
function containerOf({ spec }: Pod, program: string): string {
  const runs = ({ command = [], args = [] }: Container) =>
    [...command, ...args].some((word) => word.includes(program))
  return spec.containers.find(runs)?.name ?? ''
}

function isOpen(pod: Pod): boolean {
  if (pod.metadata.deletionTimestamp || containerOf(pod, 'prices.ts') === '') return false
  return pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
}
