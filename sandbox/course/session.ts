/** A learner at work on a lesson: saves are deployed, the cluster is watched, the current step is judged. */
import { setTimeout as sleep } from 'node:timers/promises'
import { PODS } from '../client.ts'
import { messageOf } from '../errors.ts'
import type { Pod } from '../objects.ts'
import type { Checks, Outcome } from './check.ts'
import { Deployer, type Deployment } from './deploy.ts'
import { judge } from './judge.ts'
import type { LabCluster } from './lab.ts'
import { watchFolder } from './watch.ts'
import { readWorkspace } from './workspace.ts'

/** What a session tells whoever shows it. */
export interface SessionEvents {
  /** A save has been brought to the cluster, or was refused. */
  deployed(deployment: Deployment): void
  /** The pods of the lesson changed. */
  pods(pods: Pod[]): void
  judged(step: string, outcome: Outcome): void
  /** The session could not do something and goes on trying. */
  trouble(what: string): void
  /** File events don't arrive here: saves are noticed within a second. */
  polling(): void
}

/** What a session works on. */
export interface SessionOptions {
  cluster: LabCluster
  namespace: string
  /** The learner's workspace. */
  folder: string
  checks: Checks
  /** The id of the step that the learner is at. */
  step: string
  /** Ids of the steps that were done before: a later edit must not break them. Asked again at each turn. */
  earlier(): readonly string[]
  events: SessionEvents
}

/**
 * Deploys on every save; judges the learner's step at once after a deployment or a change of the pods, then each earlier
 * one, and what is not done each second. What was seen done stays so until a file changes.
 */
export class Session {
  readonly #options: SessionOptions
  readonly #deployer: Deployer
  readonly #stopping = new AbortController()
  #step: string
  /** Ends the judging that is under way, because it would judge yesterday's files. */
  #round = new AbortController()
  /** Ends the pause between two judgings. */
  #wake: (() => void) | undefined
  /** What was judged since the last save, the longest ago first. */
  readonly #outcomes = new Map<string, Outcome>()
  #deploying: Promise<void> = Promise.resolve()
  #isDeploying = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.#step = options.step
    const { client, connection } = options.cluster
    this.#deployer = new Deployer(client, options.namespace, connection.images)
  }

  /** Deploys the workspace and begins to watch and judge. */
  async start(): Promise<void> {
    const { folder, events } = this.#options
    const { signal } = this.#stopping
    await watchFolder(folder, { changed: () => void this.deploy(), polling: () => events.polling(), signal })
    await this.deploy()
    void this.#watchPods()
    void this.#judgeOn()
  }

  /** Brings the workspace as it is now to the cluster; one deployment at a time. */
  deploy(): Promise<void> {
    this.#deploying = this.#deploying.then(() => this.#deployOnce())
    return this.#deploying
  }

  /** The learner is at another step from now on. */
  goTo(step: string): void {
    this.#step = step
    this.#outcomes.delete(step)
    this.#judgeAfresh()
  }

  /** Whether a save is on its way to the cluster. */
  get isDeploying(): boolean {
    return this.#isDeploying
  }

  /** Settles when a deployment that is under way has arrived: half of one would cost the learner a pod. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the session ends'))
    this.#judgeAfresh()
    await this.#deploying
  }

  async #deployOnce(): Promise<void> {
    const { events, folder } = this.#options
    if (this.#stopping.signal.aborted) return
    this.#isDeploying = true
    try {
      const { files, problems } = await readWorkspace(folder)
      const deployment = problems.length > 0 ? { changes: [], problems } : await this.#deployer.deploy(files)
      events.deployed(deployment)
      this.#outcomes.clear()
      this.#judgeAfresh()
    } catch (error) {
      events.trouble(messageOf(error))
      await this.#retryPause()
      if (!this.#stopping.signal.aborted) void this.deploy()
    } finally {
      this.#isDeploying = false
    }
  }

  async #judgeOn(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const step = this.#nextStep()
      if (step) await this.#judge(step)
      if (!this.#isUnjudged()) await this.#judgePause(this.#isAllDone() ? undefined : JUDGE_EVERY_MS)
    }
  }

  async #judge(step: string): Promise<void> {
    const round = (this.#round = new AbortController())
    try {
      const outcome = await judge(this.#options.checks[step]!, { ...this.#options, signal: round.signal })
      // It may have come while a save was on its way.
      if (round.signal.aborted) return
      this.#outcomes.delete(step)
      this.#outcomes.set(step, outcome)
      this.#options.events.judged(step, outcome)
    } catch {
      // Only our own abort: the files or the step are others by now.
    }
  }

  /** The learner's own step first, then what was not judged since the last save, then what is not done. */
  #nextStep(): string | undefined {
    const steps = this.#steps()
    const unjudged = steps.find((step) => !this.#outcomes.has(step))
    return unjudged ?? [...this.#outcomes.keys()].find((step) => steps.includes(step) && !this.#isDone(step))
  }

  #steps(): string[] {
    return [this.#step, ...this.#options.earlier().filter((step) => step !== this.#step)]
  }

  #isDone(step: string): boolean {
    return this.#outcomes.get(step)?.verdict === 'done'
  }

  #isAllDone(): boolean {
    return this.#steps().every((step) => this.#isDone(step))
  }

  #isUnjudged(): boolean {
    return this.#steps().some((step) => !this.#outcomes.has(step))
  }

  async #watchPods(): Promise<void> {
    const { cluster, namespace, events } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        const { items, resourceVersion } = await cluster.client.list(PODS, { namespace, signal })
        const pods = new Map(items.map((pod) => [pod.metadata.name, pod]))
        events.pods([...pods.values()])
        for await (const { type, object } of cluster.client.watch(PODS, {
          namespace,
          resourceVersion,
          signal,
        })) {
          if (type === 'BOOKMARK') continue
          if (type === 'DELETED') pods.delete(object.metadata.name)
          else pods.set(object.metadata.name, object)
          events.pods([...pods.values()])
          // A check may itself stir the pods: what was done stays so until a file changes.
          if (!this.#isAllDone()) this.#wake?.()
        }
      } catch (error) {
        if (!signal.aborted) events.trouble(messageOf(error))
      }
      await this.#retryPause()
    }
  }

  #judgeAfresh(): void {
    this.#round.abort(new Error('there is something newer to judge'))
    this.#wake?.()
  }

  /** Waits for something to judge, or for so long; without a time, only for something. */
  async #judgePause(ms: number | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
    await promise
    clearTimeout(timer)
  }

  async #retryPause(): Promise<void> {
    await sleep(RETRY_MS, undefined, { signal: this.#stopping.signal }).catch(() => {})
  }
}

const JUDGE_EVERY_MS = 1_000
const RETRY_MS = 1_000
