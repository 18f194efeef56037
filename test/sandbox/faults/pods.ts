/** The pods that live, or try to, in a cluster with faults. */
import type { Manifest } from '#sandbox/objects.ts'
import { PROBE_MARK } from '../../../scripts/measure/cluster-processes.ts'

/** Where they live. */
export const NAMESPACE = 'default'

const OBEDIENT = 'trap "exit 0" TERM; while :; do sleep 0.2 & wait $!; done'
const DEAF = 'trap "" TERM; while :; do sleep 1; done'

const probe = { exec: { command: ['sh', '-c', `sleep 0.1; true # ${PROBE_MARK}`] }, periodSeconds: 1 }

/** Plain, with a native sidecar, crashing, and one that ignores SIGTERM. */
export const RESIDENTS: readonly Manifest[] = [
  pod('plain', { containers: [{ ...container('app', OBEDIENT), readinessProbe: probe }] }),
  pod('sidecar', {
    initContainers: [{ ...container('side', OBEDIENT), restartPolicy: 'Always', startupProbe: probe }],
    containers: [{ ...container('app', OBEDIENT), livenessProbe: probe }],
  }),
  pod('crashing', { containers: [container('app', 'sleep 0.2; exit 1')] }),
  pod('deaf', { containers: [container('app', DEAF)] }),
]

/** Every other one ignores SIGTERM. */
export function visitor(number: number): Manifest {
  const script = number % 2 === 0 ? DEAF : OBEDIENT
  return pod(`visitor-${number}`, { containers: [container('app', script)] })
}

function pod(name: string, spec: Record<string, unknown>): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE },
    spec: { terminationGracePeriodSeconds: 1, ...spec },
  }
}

function container(name: string, script: string) {
  return { name, image: 'busybox', command: ['sh', '-c', script] }
}
