/** Drives one pod: asks lifecycle.ts what to do, does it, records the outcome, and asks again. */
import { ApiError, PODS } from '../client.ts'
import type { Pod, PodStatus } from '../objects.ts'
import type { KubeletContext } from './container-start.ts'
import { eventsOfChange } from './events.ts'
import { decide, type Action } from './lifecycle.ts'
import { PodContainers } from './pod-containers.ts'
import { prepareSandbox, removePodFiles, removeSandbox } from './pod-sandbox.ts'
import { forgetInitialization, newPodRecord, noteEphemeralContainers, type PodRecord } from './record.ts'
import type { RunningContainer } from './runtime.ts'
import { createStatusWriter, type StatusWriter } from './status-writer.ts'
import { EXPIRED } from './termination.ts'

/** After a removal that the API did not take. */
const REMOVAL_RETRY_MS = 1_000
/** What a pod gets whose object was removed without waiting for it (`kubectl delete --force`). */
const FORCED_GRACE_SECONDS = 1

/** One pod's worker; it ends with the pod. */
export class PodWorker {
  readonly #context: KubeletContext
  readonly #writer: StatusWriter
  readonly #onGone: () => void
  readonly #containers: PodContainers
  readonly record: PodRecord
  #pod: Pod
  #status: PodStatus
  #isAwaited = false
  #isObjectGone = false
  #isOver = false
  #cancelWake = () => {}

  /** `onGone` is called when nothing of the pod is left on this machine. */
  constructor(context: KubeletContext, pod: Pod, onGone: () => void) {
    this.#context = context
    this.#pod = pod
    this.#status = pod.status
    this.#onGone = onGone
    this.#writer = createStatusWriter(context, pod)
    this.record = newPodRecord(pod, context.clock.now())
    this.#containers = new PodContainers(context, pod, this.record, () => this.#ask())
    this.update(pod)
  }

  /** The pod as the API last showed it. */
  get pod(): Pod {
    return this.#pod
  }

  /** The process of a container that runs. */
  processOf(container: string): RunningContainer | undefined {
    return this.#containers.processOf(container)
  }

  /** The pod's object has changed. */
  update(pod: Pod): void {
    this.#pod = pod
    noteEphemeralContainers(pod, this.record)
    this.#containers.update(pod)
    if (pod.metadata.deletionTimestamp) this.#noteDeletion(pod.metadata.deletionGracePeriodSeconds ?? 30)
    this.#ask()
  }

  /** The pod's object is gone from the API. */
  gone(): void {
    this.#isObjectGone = true
    this.record.isRemoved = true
    this.#noteDeletion(FORCED_GRACE_SECONDS)
    this.#ask()
  }

  /** Ends the pod for good: it uses more of the machine than it may. */
  evict(message: string): void {
    if (this.record.evicted || this.record.deletion) return
    this.record.evicted = { atMs: this.#context.clock.now(), message }
    this.#context.events.record(this.#pod, { type: 'Warning', reason: 'Evicted', message })
    this.#ask()
  }

  #noteDeletion(graceSeconds: number): void {
    const { deletion } = this.record
    if (deletion && deletion.graceSeconds <= graceSeconds) return
    const deadlineMs = this.#context.clock.now() + graceSeconds * 1000
    this.record.deletion = {
      graceSeconds,
      deadlineMs: Math.min(deadlineMs, deletion?.deadlineMs ?? Infinity),
    }
  }

  /** Asks once for all that happened in this turn of the event loop. */
  #ask(): void {
    if (this.#isAwaited || this.#isOver) return
    this.#isAwaited = true
    queueMicrotask(() => {
      this.#isAwaited = false
      this.#step()
    })
  }

  #step(): void {
    const { status, actions, isEnding } = decide(
      this.#pod,
      this.record,
      this.#status,
      this.#context.clock.now(),
    )
    for (const event of eventsOfChange(this.#pod, this.#status, status)) {
      this.#context.events.record(this.#pod, event)
    }
    this.#status = status
    if (!this.record.isRemoved) this.#writer.write(status)
    if (isEnding) this.#containers.prepareToEnd()
    this.#cancelWake()
    for (const action of actions) this.#do(action)
    const { sandbox } = this.record
    if (this.#isObjectGone && (sandbox.is === 'absent' || sandbox.is === 'removed')) void this.#finish()
  }

  #do(action: Action): void {
    if (action.do === 'prepare') void this.#prepare()
    else if (action.do === 'start') void this.#containers.start(action)
    else if (action.do === 'teardown') void this.#tearDown()
    else if (action.do === 'remove') void this.#remove()
    else if (action.do === 'wake') this.#wakeAt(action.atMs)
    else if (action.do === 'expire') this.#expire()
    else if (action.do === 'preStop') void this.#containers.preStop(action.container)
    else this.#containers.signal(action)
  }

  #expire(): void {
    this.record.expiredAtMs = this.#context.clock.now()
    this.#context.events.record(this.#pod, { type: 'Normal', ...EXPIRED })
    this.#ask()
  }

  #wakeAt(atMs: number): void {
    const delayMs = Math.max(atMs - this.#context.clock.now(), 0)
    this.#cancelWake = this.#context.clock.schedule(delayMs, () => this.#ask())
  }

  async #prepare(): Promise<void> {
    const formerMs = this.record.sandbox.is === 'absent' ? this.record.sandbox.failure?.delayMs : undefined
    const pod = this.#pod
    this.record.sandbox = { is: 'preparing' }
    if (Object.values(this.record.containers).some(({ instance }) => 'beforeReboot' in instance)) {
      const message = 'Pod sandbox changed, it will be killed and re-created.'
      this.#context.events.record(pod, { type: 'Normal', reason: 'SandboxChanged', message })
    }
    forgetInitialization(pod, this.record)
    this.record.sandbox = await prepareSandbox(this.#context, pod, formerMs)
    this.#ask()
  }

  async #tearDown(): Promise<void> {
    const { sandbox } = this.record
    if (sandbox.is !== 'ready') return
    this.record.sandbox = { is: 'removing', ip: sandbox.ip }
    await removeSandbox(this.#context, this.#pod)
    this.record.sandbox = { is: 'removed', ip: sandbox.ip }
    this.#ask()
  }

  async #remove(): Promise<void> {
    const { namespace, name, uid } = this.#pod.metadata
    this.record.isRemoved = true
    await this.#writer.idle()
    try {
      await this.#context.client.delete(
        PODS,
        { namespace, name },
        { gracePeriodSeconds: 0, preconditions: { uid } },
      )
    } catch (error) {
      if (!(error instanceof ApiError) || error.status.code >= 500) {
        delete this.record.isRemoved
        this.#wakeAt(this.#context.clock.now() + REMOVAL_RETRY_MS)
        return
      }
    }
    this.#ask()
  }

  async #finish(): Promise<void> {
    this.#isOver = true
    await removePodFiles(this.#context, this.#pod)
    this.#onGone()
  }
}
