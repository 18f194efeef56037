/** One run of a container, from its process to its end: hooks, probes and what it leaves behind. */
import type { Container, Pod } from '../objects.ts'
import { logPathOf, podFolder, type KubeletContext } from './container-start.ts'
import { runHook, type Hook } from './hooks.ts'
import type { ProbeTarget } from './probe-check.ts'
import { startProber, type Finding, type Prober } from './prober.ts'
import type { EndedInstance } from './record.ts'
import type { RunningContainer } from './runtime.ts'
import { readTerminationMessage } from './termination-message.ts'

/** Which run it is. */
export interface RunOptions {
  pod: Pod
  /** As the pod's spec was when it started. */
  container: Container
  process: RunningContainer
  podIp: string
  /** When the kubelet took up the pod. */
  podSeenAtMs: number
  attempt: number
}

/** A run whose process is there. Hooks and probes end with it. */
export class ContainerRun {
  readonly container: Container
  readonly process: RunningContainer
  /** Settles with what there is to say of it; never rejects. */
  readonly ended: Promise<EndedInstance>
  readonly #context: KubeletContext
  readonly #options: RunOptions
  readonly #target: ProbeTarget
  readonly #over = new AbortController()
  readonly #postStart = new AbortController()
  #prober: Prober | undefined

  constructor(context: KubeletContext, options: RunOptions) {
    const { container, process, podIp } = options
    const { runtime, clock, version } = context
    this.container = container
    this.process = process
    this.#context = context
    this.#options = options
    this.#target = { container, containerId: process.id, podIp, version, runtime, clock }
    this.ended = this.#awaitEnd()
  }

  /** Whether the postStart hook, if there is one, has gone well. */
  async postStart(): Promise<boolean> {
    const hook = this.container.lifecycle?.postStart
    return hook ? await this.#run(hook, 'PostStart', this.#postStart.signal) : true
  }

  /** Settles when the preStop hook is over, however it went. */
  async preStop(): Promise<void> {
    const hook = this.container.lifecycle?.preStop
    if (hook) await this.#run(hook, 'PreStop', this.#over.signal)
  }

  /** Probes from now on. */
  probe(report: (finding: Finding) => void): void {
    if (this.#over.signal.aborted) return
    const { pod, podSeenAtMs, process } = this.#options
    const { events } = this.#context
    const { startedAtMs } = process
    this.#prober = startProber({ pod, podSeenAtMs, target: this.#target, startedAtMs, events, report })
  }

  /** Its pod ends: nothing restarts it any more, and a postStart hook is in the way. */
  prepareToEnd(): void {
    this.#prober?.stopRestarting()
    this.#postStart.abort()
  }

  async #run(hook: Hook, name: 'PostStart' | 'PreStop', signal: AbortSignal): Promise<boolean> {
    try {
      await runHook(hook, this.#target, signal)
      return true
    } catch {
      // As in the kubelet without what went wrong: the answer of a server may hold secrets.
      this.#context.events.record(this.#options.pod, {
        type: 'Warning',
        reason: `Failed${name}Hook`,
        message: `${name}Hook failed`,
        container: this.container.name,
      })
      return false
    }
  }

  async #awaitEnd(): Promise<EndedInstance> {
    const { pod, container, process, attempt } = this.#options
    const { id, startedAtMs } = process
    const { exitCode, finishedAtMs, oomKilled } = await process.exited
    this.#over.abort()
    this.#prober?.stop()
    const { folder } = this.#context
    const message = await readTerminationMessage(pod, container, {
      podFolder: podFolder(folder, pod.metadata.uid),
      logPath: logPathOf(folder, pod, container.name, attempt),
      attempt,
      exitCode,
    })
    const reason = oomKilled ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error'
    return { id, exitCode, reason, ...(message ? { message } : {}), startedAtMs, finishedAtMs }
  }
}
