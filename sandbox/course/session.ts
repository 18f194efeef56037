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
  /** The id of the step to judge first. */
  step: string
  events: SessionEvents
}

/** Deploys on every save; judges at once after a deployment or a change of the pods, and each second while not done. */
export class Session {
  readonly #options: SessionOptions
  readonly #deployer: Deployer
  readonly #stopping = new AbortController()
  #step: string
  /** Ends the judging that is under way, because it would judge yesterday's files. */
  #round = new AbortController()
  /** Ends the pause between two judgings. */
  #wake: (() => void) | undefined
  #isDone = false
  #deploying: Promise<void> = Promise.resolve()
  #isDeploying = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.#step = options.step
    this.#deployer = new Deployer(options.cluster.client, options.namespace)
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

  /** Judges another step from now on. */
  goTo(step: string): void {
    this.#step = step
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
      const step = this.#step
      const round = (this.#round = new AbortController())
      this.#isDone = false
      try {
        const outcome = await judge(this.#options.checks[step]!, { ...this.#options, signal: round.signal })
        this.#isDone = outcome.verdict === 'done'
        this.#options.events.judged(step, outcome)
      } catch {
        // Only our own abort: the files or the step are others by now.
        continue
      }
      if (!round.signal.aborted) await this.#judgePause(this.#isDone ? undefined : JUDGE_EVERY_MS)
    }
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
          if (!this.#isDone) this.#wake?.()
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
