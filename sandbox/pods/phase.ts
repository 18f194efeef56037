/** The phase of a pod: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase */
import type { ContainerStatus, Pod } from '../objects.ts'
import { isSidecar } from './record.ts'

/** What the container statuses do not tell. */
export interface PhaseContext {
  /** All that ran has ended, for good. */
  isTerminal: boolean
  /** Its activeDeadlineSeconds were over, or it was evicted. */
  isEndedByKubelet: boolean
  isInitialized: boolean
  /** The main containers have ended and none of them restarts. */
  isComplete: boolean
}

/** Derives the phase from the container statuses, as the kubelet does (`getPhase`). */
export function podPhase(
  pod: Pod,
  inits: ContainerStatus[],
  mains: ContainerStatus[],
  { isTerminal, isEndedByKubelet, isInitialized, isComplete }: PhaseContext,
): 'Pending' | 'Running' | 'Succeeded' | 'Failed' {
  const specs = pod.spec.initContainers ?? []
  const isPlain = (_: ContainerStatus, index: number) => !isSidecar(specs[index]!)
  const sidecars = inits.filter((_, index) => isSidecar(specs[index]!))
  const codes = mains.map(exitCodeOf)
  if (isTerminal && isEndedByKubelet) return 'Failed'
  if (isTerminal) {
    const succeeded =
      codes.every((code) => code === 0) && inits.filter(isPlain).every((init) => exitCodeOf(init) === 0)
    return succeeded ? 'Succeeded' : 'Failed'
  }
  const isInitPending =
    inits.filter(isPlain).some((init) => exitCodeOf(init) === undefined) ||
    (!isInitialized && sidecars.some((sidecar) => !sidecar.started && exitCodeOf(sidecar) === undefined))
  const isMainWaiting = mains.some((main) => main.state?.waiting && !main.lastState?.terminated)
  if (isInitPending || isMainWaiting) return 'Pending'
  if ([...mains, ...sidecars].some((status) => status.state?.running)) return 'Running'
  if (!isComplete) return 'Running'
  return codes.every((code) => code === 0) ? 'Succeeded' : 'Failed'
}

/** Of the run that ended last; a container that waits to run again counts as ended. */
function exitCodeOf({ state, lastState }: ContainerStatus): number | undefined {
  if (state?.running) return undefined
  return (state?.terminated ?? lastState?.terminated)?.exitCode
}
