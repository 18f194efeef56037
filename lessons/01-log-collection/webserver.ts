/** The learner's pod as the checks of this lesson see it: nginx, whoever stands beside it, and what both of them say. */
import type { Check, Verdict } from '#sandbox/course/check.ts'
import type { Lab } from '#sandbox/course/lab.ts'
import { onPod } from '#sandbox/course/subject.ts'
import type { Container, ContainerStatus, Pod } from '#sandbox/objects.ts'

/** Where nginx keeps its pid file and its logs. */
export const LOGS = '/opt/sh/openresty/nginx/logs'

/** A container that was found to print nginx's lines. */
export interface Shipper {
  container: string
  /** The first line that it was seen to print in this run of the check. */
  line: string
}

/** Judges the pod with nginx in it as soon as all its containers have started, or says why there is none to judge. */
export function onWebserver(judge: (web: Webserver) => Promise<Verdict>): Check {
  const subject = {
    what: 'a container with nginx',
    is: ({ spec }: Pod) => spec.containers.some(isNginx),
  }
  return onPod(subject, (lab, pod) => judge(new Webserver(lab, pod)))
}

/** One pod with nginx in it, for one run of a check. */
export class Webserver {
  readonly lab: Lab
  readonly pod: Pod
  readonly name: string
  readonly nginx: Container
  /** All containers but nginx. */
  readonly others: Container[]

  constructor(lab: Lab, pod: Pod) {
    this.lab = lab
    this.pod = pod
    this.name = pod.metadata.name
    this.nginx = pod.spec.containers.find(isNginx)!
    this.others = pod.spec.containers.filter((container) => container !== this.nginx)
  }

  /** What a request with this tag leaves in nginx's log, and nothing else does; it ends with a space. */
  mark(tag: string): string {
    return `${this.lab.nonce}-${tag} `
  }

  /** {@link mark}, for several. */
  marks(...tags: string[]): string[] {
    return tags.map((tag) => this.mark(tag))
  }

  /** Asks nginx for a page, so that its access log gains one line with the tag's mark. */
  async visit(tag: string): Promise<void> {
    const answer = await this.lab.until(
      () => this.lab.request(this.name, 80, `/?${this.mark(tag).trimEnd()}`),
      { timeoutMs: 2_000 },
    )
    if (!answer) throw new Error(`nginx in pod ${this.name} does not answer on port 80`)
  }

  /** Runs a line of shell in nginx's container, in the folder of its logs; answers its output. */
  async sh(script: string, ...args: string[]): Promise<string> {
    const argv = ['sh', '-c', `cd ${LOGS} && ${script}`, 'sh', ...args]
    const result = await this.lab.exec(this.name, this.nginx.name, argv, { timeoutMs: 8_000 })
    return result?.stdout ?? ''
  }

  /** The line with the mark, as nginx's own files hold it. */
  async ownLine(tag: string): Promise<string> {
    const found = await this.sh('grep -hF -- "$1" access.log*', this.mark(tag))
    return found.split('\n')[0]!
  }

  async status(container: string): Promise<ContainerStatus | undefined> {
    const pod = await this.lab.pod(this.name)
    return pod?.status.containerStatuses?.find((status) => status.name === container)
  }

  logLines(container: string): Promise<string[]> {
    return this.lab.logLines(this.name, container)
  }

  /** The lines with each mark that the container has printed, once all are there or the time is up. */
  async count(container: string, marks: string[], timeoutMs = 3_000): Promise<Map<string, string[]>> {
    const isComplete = (lines: string[]) => marks.every((mark) => lines.some((line) => line.includes(mark)))
    const lines = await this.lab.waitForLog(this.name, container, isComplete, { timeoutMs })
    return new Map(marks.map((mark) => [mark, lines.filter((line) => line.includes(mark))]))
  }

  /** The containers that mount a volume of nginx's at all. */
  sharing(): Container[] {
    const volumes = new Set(mountsOf(this.nginx).map(({ name }) => name))
    return this.others.filter((container) => mountsOf(container).some(({ name }) => volumes.has(name)))
  }

  /** Sends a request, and finds the container that prints its line; undefined when none does in time. */
  async findShipper(): Promise<Shipper | undefined> {
    if (this.sharing().length === 0) return undefined
    await this.visit('hello')
    return await this.lab.until(() => this.printerOf('hello'))
  }

  /** The container, of those that share a volume with nginx, that has printed a line with the tag's mark. */
  async printerOf(tag: string): Promise<Shipper | undefined> {
    for (const { name } of this.sharing()) {
      const line = (await this.logLines(name)).find((each) => each.includes(this.mark(tag)))
      if (line !== undefined) return { container: name, line }
    }
    return undefined
  }
}

/** The volumes that the manifest mounts; what Kubernetes adds by itself (the API token) is left out. */
export function mountsOf(container: Container): { name: string; mountPath: string }[] {
  const mounts = container.volumeMounts ?? []
  return mounts
    .filter(({ mountPath }) => !mountPath.startsWith('/var/run/secrets/'))
    .map(({ name, mountPath }) => ({ name, mountPath: mountPath.replace(/(?<=.)\/+$/, '') }))
}

/** Whether a container ended by itself and badly, rather than by a signal that somebody sent. */
export function hasCrashed(status: ContainerStatus | undefined): boolean {
  const exitCode = (status?.state?.terminated ?? status?.lastState?.terminated)?.exitCode ?? 0
  return ![0, 130, 137, 143].includes(exitCode)
}

function isNginx({ image = '' }: Container): boolean {
  return /nginx|openresty/.test(image)
}
