/** When the probes of one run of a container are asked, and what their answers add up to. */
import type { Pod } from '../objects.ts'
import type { EventRecorder } from './events.ts'
import { checkProbe, type Probe, type ProbeTarget, type Verdict } from './probe-check.ts'

/** What the kubelet learns from probes; `failed` is said once, and ends the run. */
export type Finding = { started: true } | { ready: boolean } | { failed: 'liveness' | 'startup' }

/** What a prober needs beyond its target. */
export interface ProberOptions {
  pod: Pod
  target: ProbeTarget
  /** When the kubelet took up the pod: startup and liveness probes come whole periods after it. */
  podSeenAtMs: number
  startedAtMs: number
  events: EventRecorder
  /** Called when a threshold has been reached. */
  report(finding: Finding): void
}

/** Probes until it is stopped. */
export interface Prober {
  /** A pod that ends is asked only whether it is ready: the kubelet's worker.go. */
  stopRestarting(): void
  stop(): void
}

type Kind = 'startup' | 'readiness' | 'liveness'

/**
 * Starts the startup probe, and the other two once it has succeeded:
 * https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
 * Each probe has one timer, so that probes cost nothing between their periods.
 */
export function startProber(options: ProberOptions): Prober {
  const { target, report } = options
  const { startupProbe, readinessProbe, livenessProbe } = target.container
  const running = new Map<Kind, () => void>()

  function start(kind: Kind, probe: Probe | undefined): void {
    if (!probe) return
    running.set(
      kind,
      repeat(options, kind, probe, (isSuccess) => {
        if (kind === 'readiness') report({ ready: isSuccess })
        else if (!isSuccess) fail(kind)
        else if (kind === 'startup') succeedStartup()
      }),
    )
  }

  function stop(kind: Kind): void {
    running.get(kind)?.()
    running.delete(kind)
  }

  function fail(kind: 'liveness' | 'startup'): void {
    stop(kind)
    report({ failed: kind })
  }

  function succeedStartup(): void {
    stop('startup')
    report({ started: true })
    start('readiness', readinessProbe)
    start('liveness', livenessProbe)
  }

  if (startupProbe) {
    start('startup', startupProbe)
  } else {
    start('readiness', readinessProbe)
    start('liveness', livenessProbe)
  }
  return {
    stopRestarting() {
      stop('liveness')
      stop('startup')
    },
    stop() {
      for (const kind of running.keys()) stop(kind)
    },
  }
}

/** Asks each period, and answers a function that ends it. `settle` hears of every answer at or past its threshold. */
function repeat(
  options: ProberOptions,
  kind: Kind,
  probe: Probe,
  settle: (isSuccess: boolean) => void,
): () => void {
  const { pod, target, events } = options
  const { clock, container } = target
  const ending = new AbortController()
  const thresholds = { true: probe.successThreshold ?? 1, false: probe.failureThreshold ?? 3 }
  let streak = { isSuccess: false, length: 0 }
  let cancel: (() => void) | undefined

  async function ask(): Promise<void> {
    const dueMs = clock.now() + (probe.periodSeconds ?? 10) * 1000
    const verdict = await checkProbe(probe, target, ending.signal)
    if (ending.signal.aborted) return
    cancel = clock.schedule(Math.max(dueMs - clock.now(), 0), () => void ask())
    const event = eventOf(kind, verdict)
    if (event) events.record(pod, { type: 'Warning', ...event, container: container.name })
    if (verdict.is === 'unknown') return
    const isSuccess = verdict.is !== 'failure'
    streak = { isSuccess, length: streak.isSuccess === isSuccess ? streak.length + 1 : 1 }
    if (streak.length >= thresholds[`${isSuccess}`]) settle(isSuccess)
  }

  const waitMs = firstAskMs(options, kind, probe) - clock.now()
  if (waitMs > 0) cancel = clock.schedule(waitMs, () => void ask())
  else void ask()
  return () => {
    ending.abort()
    cancel?.()
  }
}

/**
 * The kubelet's worker.go: a probe has a ticker from the moment on when the kubelet takes up the pod, through all runs of
 * the container, and looks at its initial delay when it ticks. Readiness is asked for as soon as a container runs, too.
 */
function firstAskMs(
  { podSeenAtMs, startedAtMs, target }: ProberOptions,
  kind: Kind,
  { periodSeconds = 10, initialDelaySeconds = 0 }: Probe,
): number {
  const nowMs = target.clock.now()
  const isReadiness = kind === 'readiness'
  const originMs = isReadiness ? nowMs : podSeenAtMs
  const ticksUntil = (ms: number) => (ms - originMs) / (periodSeconds * 1000)
  const next = isReadiness ? 0 : Math.floor(ticksUntil(nowMs)) + 1
  const due = Math.ceil(ticksUntil(startedAtMs + initialDelaySeconds * 1000))
  return originMs + Math.max(next, due) * periodSeconds * 1000
}

function eventOf(kind: Kind, { is, output }: Verdict): { reason: string; message: string } | undefined {
  const probe = `${kind[0]!.toUpperCase()}${kind.slice(1)} probe`
  if (is === 'failure') return { reason: 'Unhealthy', message: `${probe} failed: ${output}` }
  if (is === 'warning') return { reason: 'ProbeWarning', message: `${probe} warning: ${output}` }
  if (is === 'success') return undefined
  return { reason: 'Unhealthy', message: `${probe} errored and resulted in unknown state: ${output}` }
}
