/** The learner's pod as the checks of this lesson see it: the app, its init containers, and the page that it shows. */
import { notYet, type Check, type Evidence, type Verdict } from '#sandbox/course/check.ts'
import type { Lab } from '#sandbox/course/lab.ts'
import { onPod, type Subject } from '#sandbox/course/subject.ts'
import type { Container, ContainerStatus, Pod } from '#sandbox/objects.ts'

/** What a step makes of its pod. */
export interface Judge {
  /** The app answers, as the user that it is. */
  judge(guestbook: Guestbook): Promise<Verdict>
  /** A better answer than the usual one where an init container has failed. */
  explainInit?(guestbook: Guestbook, init: ContainerStatus): Promise<Verdict | undefined>
  /** A better answer than the usual one where the app has ended with these lines. */
  explainEnd?(guestbook: Guestbook, lines: string[]): string | undefined
}

/** Judges the pod with the guestbook in it as soon as its app answers, or says why there is none to judge. */
export function onGuestbook({ judge, explainInit, explainEnd }: Judge): Check {
  const subject: Subject = {
    what: 'a container that runs app.ts',
    is: isGuestbook,
    explainFailedInit: async (lab, pod, init) => {
      const guestbook = new Guestbook(lab, pod)
      if (await guestbook.recovers(init)) return await check(lab)
      return await explainInit?.(guestbook, init)
    },
  }
  const check = onPod(subject, async (lab, pod) => {
    const guestbook = new Guestbook(lab, pod)
    if (await guestbook.isUp()) return await judge(guestbook)
    const lines = await guestbook.errorLines(guestbook.app.name)
    const evidence = guestbook.lastWords(guestbook.app.name, lines)
    const hint = explainEnd?.(guestbook, lines)
    return notYet('the app does not answer on port 8080', { evidence, hint })
  })
  return check
}

/** One pod with the guestbook in it, for one run of a check. */
export class Guestbook {
  readonly lab: Lab
  readonly pod: Pod
  readonly name: string
  readonly app: Container
  /** Those that end before the app starts, in their order; native sidecars are left out. */
  readonly inits: Container[]

  constructor(lab: Lab, pod: Pod) {
    this.lab = lab
    this.pod = pod
    this.name = pod.metadata.name
    this.app = pod.spec.containers.find(isApp)!
    this.inits = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy !== 'Always')
  }

  /** The page that the app shows; waits until the app answers, and is `undefined` where it does not. */
  async page(): Promise<string | undefined> {
    const answer = await this.lab.until(() => this.lab.request(this.name, 8080, '/'))
    return answer?.body
  }

  /** Adds an entry; answers what the app says to that. */
  async add(entry: string): Promise<string> {
    const init = { method: 'POST', body: entry }
    const answer = await this.lab.until(() => this.lab.request(this.name, 8080, '/', init))
    return answer?.body ?? ''
  }

  /** Whether the app answers; looks for a while, and no longer where the app has ended. */
  async isUp(): Promise<boolean> {
    const look = async () => {
      if (await this.lab.request(this.name, 8080, '/')) return 'up'
      const { state, restartCount = 0 } = (await this.statuses()).get(this.app.name) ?? {}
      return state?.terminated || (state?.waiting && restartCount > 0) ? 'ended' : undefined
    }
    return (await this.lab.until(look, { timeoutMs: 10_000 })) === 'up'
  }

  /** Whether an init container that has failed once succeeds the second time, for which the kubelet does not wait. */
  async recovers({ name, restartCount }: ContainerStatus): Promise<boolean> {
    if (restartCount > 0 || this.pod.spec.restartPolicy === 'Never') return false
    const secondEnd = async () => {
      const status = (await this.statuses()).get(name)
      return status && status.restartCount > 0 && !status.state?.running ? status : undefined
    }
    const ended = await this.lab.until(secondEnd, { timeoutMs: 10_000 })
    return ended?.state?.terminated?.exitCode === 0
  }

  /** What a command prints in the app's container; empty where it does not run. */
  async run(...argv: string[]): Promise<string> {
    return (await this.lab.exec(this.name, this.app.name, argv, { timeoutMs: 8_000 }))?.stdout.trim() ?? ''
  }

  async statuses(): Promise<Map<string, ContainerStatus>> {
    const { initContainerStatuses = [], containerStatuses = [] } =
      (await this.lab.pod(this.name))?.status ?? {}
    return new Map([...initContainerStatuses, ...containerStatuses].map((status) => [status.name, status]))
  }

  /** When each container was over and when the app started, three to a line. */
  async timeline(): Promise<string> {
    const statuses = await this.statuses()
    const ends = this.inits.map(
      ({ name }) => `${name} ended ${timeOf(statuses.get(name)?.state?.terminated?.finishedAt)}`,
    )
    const start = timeOf(statuses.get(this.app.name)?.state?.running?.startedAt)
    const all = [...ends, `app started ${start}`]
    return all.reduce((text, each, index) => `${text},${index % 3 === 0 ? '\n' : ' '}${each}`)
  }

  logLines(container: string): Promise<string[]> {
    return this.lab.logLines(this.name, container)
  }

  /** The log of a container that has ended badly; between two runs it takes a moment until the error can be read. */
  errorLines(container: string): Promise<string[]> {
    return this.lab.waitForLog(this.name, container, (lines) => lines.some(isError), { timeoutMs: 1_500 })
  }

  /** The line of a log that names an error, or else its last one. */
  lastWords(container: string, lines: string[]): Evidence {
    const spoken = lines.filter((line) => line.trim() !== '')
    const error = spoken.findLast(isError)
    return {
      source: `logs ${this.name} -c ${container}`,
      text: (error ?? spoken.at(-1) ?? '(nothing)').trim(),
    }
  }

  /** “Not yet” for an init container that has failed: its last words, and the hint that they have earned. */
  async failure(
    { name, state, lastState }: ContainerStatus,
    hintFor: (text: string) => string | undefined,
  ): Promise<Verdict> {
    const lines = await this.errorLines(name)
    const { exitCode = 1 } = state?.terminated ?? lastState?.terminated ?? {}
    const because = `init container ${name} ended with exit code ${exitCode}`
    return notYet(because, { evidence: this.lastWords(name, lines), hint: hintFor(lines.join('\n')) })
  }
}

/** The volumes that the manifest mounts; what Kubernetes adds by itself (the API token) is left out. */
export function mountsOf({ volumeMounts = [] }: Container): { name: string; mountPath: string }[] {
  return volumeMounts.filter(({ mountPath }) => !mountPath.startsWith('/var/run/secrets/'))
}

/** Whether a container says this anywhere in what it runs and in its environment. */
export function mentions({ command = [], args = [], env = [] }: Container, word: string): boolean {
  return [...command, ...args, ...env.map(({ value = '' }) => value)].some((text) => text.includes(word))
}

/** `Error: EACCES: …` and `chown: /data/book: Operation not permitted`. */
function isError(line: string): boolean {
  return /\b\w*Error\b.*:|^\w+: .*: /.test(line)
}

/** Whether the learner's app runs in the pod, whatever the pod and its containers are called. */
export function isGuestbook({ spec }: Pod): boolean {
  return spec.containers.some(isApp)
}

function isApp(container: Container): boolean {
  return mentions(container, 'app.ts')
}

function timeOf(time: string | undefined): string {
  return time?.slice(11, 19) ?? '(not yet)'
}
