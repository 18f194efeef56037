/** The containers of one pod on this machine: what happens to them, noted in the pod's record. */
import type { Container, Pod } from '../objects.ts'
import { ContainerRun } from './container-run.ts'
import { startContainer, type KubeletContext, type StartOutcome } from './container-start.ts'
import { eventOfCondemnation } from './events.ts'
import type { Action } from './lifecycle.ts'
import type { Finding } from './prober.ts'
import {
  containersOf,
  ephemeralContainersOf,
  isSidecar,
  type Condemnation,
  type ContainerRecord,
  type PodRecord,
} from './record.ts'
import type { RunningContainer } from './runtime.ts'
import { isReplacedAfter } from './start-order.ts'

/** Does to containers what lifecycle.ts decides. */
export class PodContainers {
  readonly #context: KubeletContext
  readonly #record: PodRecord
  readonly #changed: () => void
  readonly #seenAtMs: number
  readonly #runs = new Map<string, ContainerRun>()
  readonly #announced = new Set<string>()
  #pod: Pod
  #isEnding = false

  /** `changed` is called when the record says something new. */
  constructor(context: KubeletContext, pod: Pod, record: PodRecord, changed: () => void) {
    this.#context = context
    this.#pod = pod
    this.#record = record
    this.#changed = changed
    this.#seenAtMs = context.clock.now()
  }

  /** The process of a container that runs. */
  processOf(container: string): RunningContainer | undefined {
    return this.#runs.get(container)?.process
  }

  /** The pod's object has changed. A new image is all that may change in a container: the others run on. */
  update(pod: Pod): void {
    const former = containersOf(this.#pod)
    this.#pod = pod
    for (const container of containersOf(pod)) {
      const { name, image } = container
      if (former.find((one) => one.name === name)?.image === image) continue
      const known = this.#record.containers[name]!
      delete known.failure
      delete known.crashBackOff
      this.#compareDefinition(container)
    }
  }

  /** Starts a container; settles when it runs, its postStart hook done, or has failed to. */
  async start(action: Action & { do: 'start' }): Promise<void> {
    const { sandbox } = this.#record
    const known = this.#record.containers[action.container]!
    const container = this.#find(action.container)
    if (!container || sandbox.is !== 'ready') return
    const former = known.instance
    known.instance = former.is === 'ended' ? { is: 'starting', after: former } : { is: 'starting' }
    const outcome = await startContainer(this.#context, this.#pod, container, {
      attempt: action.attempt,
      podIp: sandbox.ip,
      formerFailure: known.failure,
      idOf: (name) => this.processOf(name)?.id,
    })
    if ('failure' in outcome) {
      known.instance = former
      known.failure = outcome.failure
    } else if ('ended' in outcome) {
      noteStart(known, action, outcome)
      known.instance = { is: 'ended', ...outcome.ended }
    } else {
      await this.#follow(known, container, action, { ...outcome, podIp: sandbox.ip })
    }
    this.#changed()
  }

  /** Runs the preStop hook of a container that runs. */
  async preStop(container: string): Promise<void> {
    const { instance } = this.#record.containers[container]!
    if (instance.is !== 'running') return
    instance.stop = { preStop: 'running' }
    await this.#runs.get(container)?.preStop()
    instance.stop.preStop = 'done'
    this.#changed()
  }

  /** Sends SIGTERM or SIGKILL. */
  signal(action: Action & { do: 'terminate' | 'kill' }): void {
    const { instance } = this.#record.containers[action.container]!
    if (instance.is !== 'running') return
    instance.stop ??= {}
    if (action.do === 'terminate') instance.stop.killAtMs = action.killAtMs
    else instance.stop.killed = true
    this.processOf(action.container)?.kill(action.do === 'terminate' ? 'SIGTERM' : 'SIGKILL')
  }

  /** The pod ends: says so once for each container, and that nothing restarts it any more. */
  prepareToEnd(): void {
    this.#isEnding = true
    for (const [container, run] of this.#runs) {
      const { id } = run.process
      if (this.#announced.has(id)) continue
      this.#announced.add(id)
      const message = `Stopping container ${container}`
      this.#context.events.record(this.#pod, { type: 'Normal', reason: 'Killing', message, container })
      run.prepareToEnd()
    }
  }

  /** From the process to its end. Settles when the container has begun to run. */
  async #follow(
    known: ContainerRecord,
    container: Container,
    action: Action & { do: 'start' },
    outcome: Extract<StartOutcome, { running: RunningContainer }> & { podIp: string },
  ): Promise<void> {
    const { running: process, podIp } = outcome
    const { attempt } = action
    const facts = { pod: this.#pod, podSeenAtMs: this.#seenAtMs, podIp, container, attempt, process }
    const run = new ContainerRun(this.#context, facts)
    this.#runs.set(container.name, run)
    if (this.#isEnding) this.prepareToEnd()
    const isHooked = await run.postStart()
    noteStart(known, action, outcome)
    known.instance = {
      is: 'running',
      id: process.id,
      startedAtMs: process.startedAtMs,
      started: !container.startupProbe,
      ready: !container.readinessProbe,
    }
    if (isHooked) run.probe((finding) => this.#noteFinding(run, finding))
    else this.#condemn(container, 'postStart')
    this.#compareDefinition(this.#find(container.name)!)
    void run.ended.then((ended) => {
      const because = known.instance.is === 'running' ? known.instance.condemned?.because : undefined
      const isReplaced = because && isReplacedAfter(this.#pod, because)
      known.instance = { is: 'ended', ...ended, ...(isReplaced ? { isReplaced } : {}) }
      this.#runs.delete(container.name)
      this.#changed()
    })
  }

  #noteFinding({ container }: ContainerRun, finding: Finding): void {
    const { instance } = this.#record.containers[container.name]!
    if (instance.is !== 'running') return
    // Said with every answer, and seldom new.
    if ('ready' in finding && finding.ready === instance.ready) return
    if ('started' in finding) instance.started = true
    else if ('ready' in finding) instance.ready = finding.ready
    else this.#condemn(container, finding.failed)
    this.#changed()
  }

  /** https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement; plain init containers run on. */
  #compareDefinition(container: Container): void {
    const isMain = this.#pod.spec.containers.includes(container)
    const run = this.#runs.get(container.name)
    const isChanged = run !== undefined && run.container.image !== container.image
    if (isChanged && (isMain || isSidecar(container))) this.#condemn(container, 'definition')
  }

  #condemn(container: Container, because: Condemnation['because']): void {
    const { instance } = this.#record.containers[container.name]!
    if (instance.is !== 'running' || instance.condemned) return
    instance.condemned = { because, atMs: this.#context.clock.now() }
    this.#context.events.record(this.#pod, eventOfCondemnation(this.#pod, container, because))
  }

  #find(name: string): Container | undefined {
    const all = [...containersOf(this.#pod), ...ephemeralContainersOf(this.#pod)]
    return all.find((container) => container.name === name)
  }
}

function noteStart(
  known: ContainerRecord,
  { attempt, crashBackOff }: Action & { do: 'start' },
  { image }: Exclude<StartOutcome, { failure: unknown }>,
): void {
  if (known.instance.is === 'starting' && known.instance.after) known.last = known.instance.after
  known.attempt = attempt
  const { reference, id, description } = image
  known.image = { reference, id: description ? `${id} (${description})` : id }
  if (crashBackOff) known.crashBackOff = crashBackOff
  delete known.failure
}
