/** What the securityContexts of a pod and of one container come to: https://kubernetes.io/docs/tasks/configure-pod-container/security-context/ */
import type { Container, Pod } from '../objects.ts'
import { ConfigError } from './environment.ts'
import type { ContainerSecurity } from './runtime.ts'

/** The container's own fields win over the pod's. Throws ConfigError in the kubelet's words, or for `privileged`. */
export function containerSecurity(pod: Pod, container: Container): ContainerSecurity {
  const ofPod = pod.spec.securityContext ?? {}
  const own = container.securityContext ?? {}
  const user = own.runAsUser ?? ofPod.runAsUser
  const group = own.runAsGroup ?? ofPod.runAsGroup
  if (own.privileged) {
    throw new ConfigError(
      'a privileged container would be root on the machine itself, and the embedded cluster has none: name what it needs ' +
        'in securityContext.capabilities.add, or use a cluster of kind',
    )
  }
  if (own.runAsNonRoot ?? ofPod.runAsNonRoot) refuseRoot(pod, container, user)
  const groups = [
    ...(ofPod.supplementalGroups ?? []),
    ...(ofPod.fsGroup === undefined ? [] : [ofPod.fsGroup]),
  ]
  return {
    ...(user === undefined ? {} : { user }),
    ...(group === undefined ? {} : { group }),
    groups,
    readOnlyRoot: own.readOnlyRootFilesystem ?? false,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    noNewPrivileges: own.allowPrivilegeEscalation === false,
  }
}

/** The images here all run as root. */
function refuseRoot(pod: Pod, container: Container, user: number | undefined): void {
  const { name, namespace, uid } = pod.metadata
  const which = `(pod: "${name}_${namespace}(${uid})", container: ${container.name})`
  if (user === 0) throw new ConfigError(`container's runAsUser breaks non-root policy ${which}`)
  if (user === undefined) {
    throw new ConfigError(`container has runAsNonRoot and image will run as root ${which}`)
  }
}
