/** The second pod as the checks see it: an app that only its neighbors can call, and whoever lets the world in. */
import { notYet, type Check, type Verdict } from '#sandbox/course/check.ts'
import type { Lab, LabResponse } from '#sandbox/course/lab.ts'
import { onPod, statusesOf } from '#sandbox/course/subject.ts'
import type { Container, Pod } from '#sandbox/objects.ts'
import { APP_PORT, type Place } from './inside.ts'
import { patienceMs } from './patience.ts'

/** Judges the pod with app.ts in it, once somebody answers at its door. */
export function onShop(judge: (shop: Shop) => Promise<Verdict>): Check {
  const subject = { what: 'app.ts, the app of the shop', is: ({ spec }: Pod) => spec.containers.some(isApp) }
  return onPod(subject, async (lab, pod) => {
    const shop = new Shop(lab, pod)
    if (shop.others.length === 0)
      return notYet(`container ${shop.app} is alone in pod ${shop.name}: there is no proxy`)
    if (await shop.findDoor(patienceMs(pod, 3_000))) return await judge(shop)
    return await shop.explainNoDoor()
  })
}

/** The pod of the last three steps, for one run of a check. */
export class Shop {
  readonly lab: Lab
  readonly name: string
  readonly app: string
  /** All containers beside the app, native sidecars too. */
  readonly others: Container[]
  readonly #ports: number[]
  /** The port at which somebody answers from outside; known after {@link Shop.findDoor}. */
  port = 8080

  constructor(lab: Lab, pod: Pod) {
    this.lab = lab
    this.name = pod.metadata.name
    this.app = pod.spec.containers.find(isApp)!.name
    const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
    this.others = [...sidecars, ...pod.spec.containers.filter(({ name }) => name !== this.app)]
    const declared = this.others.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort))
    this.#ports = [...new Set([8080, ...declared])]
  }

  /** Waits until somebody answers at one of the ports; false when nobody does. */
  async findDoor(timeoutMs: number): Promise<boolean> {
    const port = await this.lab.until(
      async () => {
        for (const each of this.#ports) if (await this.lab.request(this.name, each, '/hello')) return each
        return undefined
      },
      { timeoutMs },
    )
    if (port) this.port = port
    return port !== undefined
  }

  /** From outside, to the proxy. */
  ask(path: string, init?: Parameters<Lab['request']>[3]): Promise<LabResponse | undefined> {
    return this.lab.request(this.name, this.port, path, init)
  }

  /** Whether the app can be called from outside, past the proxy. */
  async isAppOpen(): Promise<boolean> {
    return (await this.lab.request(this.name, APP_PORT, '/')) !== undefined
  }

  /** In the app's own container, with the proxy's door as the port to call. */
  get inside(): Place {
    return { lab: this.lab, pod: this.name, container: this.app, port: this.port }
  }

  /** The line of the app's log that holds the text. */
  async appLine(text: string, timeoutMs = 1_500): Promise<string | undefined> {
    const has = (line: string) => line.includes(text)
    const lines = await this.lab.waitForLog(this.name, this.app, (all) => all.some(has), { timeoutMs })
    return lines.find(has)
  }

  /** Where a verdict says that it was seen in the app's log. */
  get appSource(): string {
    return `logs ${this.name} -c ${this.app}`
  }

  /** How often containers beside the app have ended: it grows as soon as one of them dies. */
  async deaths(): Promise<number> {
    const pod = await this.lab.pod(this.name)
    const statuses = pod ? statusesOf(pod).filter(({ name }) => name !== this.app) : []
    // A container that has ended counts before it is started again.
    return statuses.reduce((sum, { restartCount, state }) => sum + restartCount + (state?.running ? 0 : 1), 0)
  }

  /** The line by which a container beside the app has told why it ended, of its last run too; or else its last one. */
  async lastWords(): Promise<{ source: string; text: string }> {
    const told = this.others.map(async ({ name }) => {
      const lines = (await this.lab.logLines(this.name, name)).filter((line) => line.trim() !== '')
      const reason = lines.findLast((line) => /Error|listen|refused/.test(line))
      return { source: `logs ${this.name} -c ${name}`, reason, text: reason ?? lines.at(-1) ?? '(nothing)' }
    })
    const all = await Promise.all(told)
    const { source, text } = all.find(({ reason }) => reason !== undefined) ?? all[0]!
    return { source, text }
  }

  async explainNoDoor(): Promise<Verdict> {
    const evidence = await this.lastWords()
    const because = `nobody answers at port ${this.#ports.join(', ')} of pod ${this.name}`
    return notYet(because, { evidence, hint: HINTS.find(({ words }) => words.test(evidence.text))?.hint })
  }
}

/** Whether these are the last words of a program whose call to the app failed, which is no mistake of its manifest. */
export function isFailedCall(words: string): boolean {
  return FAILED_CALL.test(words)
}

/** What a program may do that ends when a call to the app fails. */
export const DIES_OF_A_CALL =
  'An “error” that nobody listens to ends a Node program. Write onward.on("error", …), and answer the caller there.'

const FAILED_CALL = /connect ECONN|ECONNRESET|socket hang up|fetch failed/

function isApp({ command = [], args = [] }: Container): boolean {
  return [...command, ...args].some((word) => /\bapp\.(ts|js|mjs)\b/.test(word))
}

const HINTS = [
  {
    words: /Cannot find module/,
    hint: 'Your *.ts files are in the ConfigMap “code”. Mount it at /code in the proxy’s container too.',
  },
  {
    words: /EADDRINUSE/,
    hint: 'The containers of a pod share their ports: 9000 is the app’s. Listen on 8080.',
  },
  { words: FAILED_CALL, hint: DIES_OF_A_CALL },
  {
    words: /^\(nothing\)$/,
    hint: 'Listen on port 8080 of all addresses: listen(8080), without 127.0.0.1. A server on localhost hears its neighbors only.',
  },
]
