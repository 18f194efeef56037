/** The second pod as the checks see it: an app that only its neighbors can call, and whoever lets the world in. */
import { notYet, type Check, type Verdict } from '#sandbox/course/check.ts'
import type { Lab, LabResponse } from '#sandbox/course/lab.ts'
import { onPod, statusesOf } from '#sandbox/course/subject.ts'
import type { Container, Pod } from '#sandbox/objects.ts'

/** Where the app listens, inside the pod. */
const APP_PORT = 9000

/** An answer as a program in the app's container saw it, or why there was none. */
export interface Answer {
  status?: number
  headers: Record<string, string>
  body: string
  error?: string
  ms: number
}

/** Judges the pod with app.ts in it, once somebody answers at its door. */
export function onShop(judge: (shop: Shop) => Promise<Verdict>): Check {
  const subject = { what: 'app.ts, the app of the shop', is: ({ spec }: Pod) => spec.containers.some(isApp) }
  return onPod(subject, async (lab, pod) => {
    const shop = new Shop(lab, pod)
    if (shop.others.length === 0)
      return notYet(`container ${shop.app} is alone in pod ${shop.name}: there is no proxy`)
    if (await shop.findDoor()) return await judge(shop)
    return await shop.explainNoDoor()
  })
}

/** The pod of the last three steps, for one run of a check. */
export class Shop {
  readonly lab: Lab
  readonly name: string
  readonly app: string
  readonly others: Container[]
  readonly #ports: number[]
  /** The port at which somebody answers from outside; known after {@link Shop.findDoor}. */
  port = 8080

  constructor(lab: Lab, pod: Pod) {
    this.lab = lab
    this.name = pod.metadata.name
    this.app = pod.spec.containers.find(isApp)!.name
    this.others = pod.spec.containers.filter(({ name }) => name !== this.app)
    const declared = this.others.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort))
    this.#ports = [...new Set([8080, ...declared])]
  }

  /** Waits until somebody answers at one of the ports; false when nobody does. */
  async findDoor(): Promise<boolean> {
    const port = await this.lab.until(async () => {
      for (const each of this.#ports) if (await this.lab.request(this.name, each, '/hello')) return each
      return undefined
    })
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

  /** From the app's own container to the proxy, with headers that no HTTP client between us would touch. */
  async askInside(path: string, headers: Record<string, string> = {}, timeoutMs = 4_000): Promise<Answer> {
    const call = JSON.stringify({ port: this.port, path, headers, timeoutMs })
    const result = await this.lab.exec(this.name, this.app, ['node', '-e', CALL, call], {
      timeoutMs: timeoutMs + 3_000,
    })
    if (!result || result.exitCode !== 0)
      throw new Error(`a call in container ${this.app} failed: ${result?.stderr}`)
    return JSON.parse(result.stdout) as Answer
  }

  /** Reads an answer that comes in two parts: what has come before the app was asked for the second one, and all. */
  async readStream(): Promise<{ before: string; all: string }> {
    const call = JSON.stringify({ port: this.port, path: `/stream?${this.lab.nonce}` })
    const result = await this.lab.exec(this.name, this.app, ['node', '-e', STREAM, call], {
      timeoutMs: 8_000,
    })
    if (!result || result.exitCode !== 0)
      throw new Error(`a call in container ${this.app} failed: ${result?.stderr}`)
    return JSON.parse(result.stdout) as { before: string; all: string }
  }

  /** The line of the app's log that holds the text. */
  async appLine(text: string): Promise<string | undefined> {
    const lines = await this.lab.waitForLog(
      this.name,
      this.app,
      (all) => all.some((line) => line.includes(text)),
      {
        timeoutMs: 1_500,
      },
    )
    return lines.find((line) => line.includes(text))
  }

  /** Where a verdict says that it was seen in the app's log. */
  get appSource(): string {
    return `logs ${this.name} -c ${this.app}`
  }

  /** Runs of all containers but the app: it grows when one of them dies. */
  async restarts(): Promise<number> {
    const pod = await this.lab.pod(this.name)
    const statuses = pod ? statusesOf(pod).filter(({ name }) => name !== this.app) : []
    return statuses.reduce((sum, { restartCount }) => sum + restartCount, 0)
  }

  /** The last line that a container beside the app has printed, of its last run too. */
  async lastWords(): Promise<{ source: string; text: string }> {
    const { name } = this.others[0]!
    const lines = (await this.lab.logLines(this.name, name)).filter((line) => line.trim() !== '')
    const text = lines.findLast((line) => /Error|listen|refused/.test(line)) ?? lines.at(-1) ?? '(nothing)'
    return { source: `logs ${this.name} -c ${name}`, text }
  }

  async explainNoDoor(): Promise<Verdict> {
    const evidence = await this.lastWords()
    const because = `nobody answers at port ${this.#ports.join(', ')} of pod ${this.name}`
    const [hint] = [
      { words: /Cannot find module/, hint: HINTS.noProgram },
      { words: /EADDRINUSE/, hint: HINTS.portTaken },
      { words: /^\(nothing\)$/, hint: HINTS.door },
    ].flatMap((each) => (each.words.test(evidence.text) ? [each.hint] : []))
    return notYet(because, { evidence, hint })
  }
}

function isApp({ command = [], args = [] }: Container): boolean {
  return [...command, ...args].some((word) => /\bapp\.(ts|js|mjs)\b/.test(word))
}

const HINTS = {
  noProgram: 'Your *.ts files are in the ConfigMap “code”. Mount it at /code in the proxy’s container too.',
  portTaken: 'The containers of a pod share their ports: 9000 is the app’s. Listen on 8080.',
  door: 'Listen on port 8080 of all addresses: listen(8080), without 127.0.0.1. A server on localhost hears its neighbors only.',
}

/** One call, told as JSON. */
const CALL = `
  const { port, path, headers, timeoutMs } = JSON.parse(process.argv[1])
  const started = Date.now()
  const tell = (answer) => { console.log(JSON.stringify({ headers: {}, body: '', ...answer, ms: Date.now() - started })); process.exit(0) }
  const request = require('node:http').get({ host: '127.0.0.1', port, path, headers }, (answer) => {
    let body = ''
    answer.on('data', (chunk) => (body += chunk))
    answer.on('end', () => tell({ status: answer.statusCode, headers: answer.headers, body }))
    answer.on('error', (error) => tell({ status: answer.statusCode, headers: answer.headers, body, error: error.message }))
  })
  request.on('error', (error) => tell({ error: error.message }))
  setTimeout(() => tell({ error: 'no answer within ' + timeoutMs + ' ms' }), timeoutMs)`

/** Asks for a stream, waits for its first part, has the app send the rest, and tells both as JSON. */
const STREAM = `
  const http = require('node:http')
  const { port, path } = JSON.parse(process.argv[1])
  let [all, before] = ['', undefined]
  const end = () => { before ??= all; http.get({ host: '127.0.0.1', port: ${APP_PORT}, path: '/end' }, (answer) => answer.resume()) }
  const tell = () => { console.log(JSON.stringify({ before: before ?? '', all })); process.exit(0) }
  http.get({ host: '127.0.0.1', port, path }, (answer) => {
    answer.on('data', (chunk) => { all += chunk; if (before === undefined) end() })
    answer.on('end', tell)
    answer.on('error', tell)
  }).on('error', tell)
  setTimeout(end, 2000)
  setTimeout(tell, 4000)`
