/** What a PodSpec gets that its writer left out: https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/v1/defaults.go */
import type { Container, Lifecycle, Probe, Volume } from 'kubernetes-types/core/v1.d.ts'
import type { PodSpec } from '../../objects.ts'

/** Completes a pod's spec in place, the part of a template too. */
export function setPodSpecDefaults(spec: PodSpec): void {
  spec.restartPolicy ??= 'Always'
  spec.dnsPolicy ??= 'ClusterFirst'
  spec.terminationGracePeriodSeconds ??= 30
  spec.schedulerName ??= 'default-scheduler'
  spec.securityContext ??= {}
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume)
  for (const container of spec.initContainers ?? []) setContainerDefaults(container)
  for (const container of spec.containers ?? []) setContainerDefaults(container)
  for (const container of spec.ephemeralContainers ?? []) setContainerDefaults(container as Container)
}

/** What admission adds to a new pod, and not to a template. */
export function admitServiceAccount(spec: PodSpec): void {
  spec.serviceAccountName ??= spec.serviceAccount ?? 'default'
  spec.serviceAccount = spec.serviceAccountName
}

/** What admission adds to every version of a pod, and not to a template. */
export function admitPodSpec(spec: PodSpec): void {
  spec.enableServiceLinks ??= true
  spec.priority ??= 0
  spec.preemptionPolicy ??= 'PreemptLowerPriority'
  const tolerations = (spec.tolerations ??= [])
  for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
    if (tolerations.some((one) => !one.key || (one.key === key && one.effect !== 'NoSchedule'))) continue
    tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 })
  }
}

function setContainerDefaults(container: Container): void {
  container.terminationMessagePath ??= '/dev/termination-log'
  container.terminationMessagePolicy ??= 'File'
  if (container.image) container.imagePullPolicy ??= pullPolicyOf(container.image)
  container.resources ??= {}
  for (const [name, limit] of Object.entries(container.resources.limits ?? {})) {
    container.resources.requests = { [name]: limit, ...container.resources.requests }
  }
  for (const port of container.ports ?? []) port.protocol ??= 'TCP'
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ??= 'v1'
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe) setProbeDefaults(probe)
  }
  for (const hook of hooksOf(container.lifecycle)) setHttpDefaults(hook?.httpGet)
}

function hooksOf(lifecycle: Lifecycle | undefined) {
  return [lifecycle?.postStart, lifecycle?.preStop]
}

function setProbeDefaults(probe: Probe): void {
  probe.timeoutSeconds ||= 1
  probe.periodSeconds ||= 10
  probe.successThreshold ||= 1
  probe.failureThreshold ||= 3
  setHttpDefaults(probe.httpGet)
  if (probe.grpc) probe.grpc.service ??= ''
}

function setHttpDefaults(action: { path?: string; scheme?: string } | undefined): void {
  if (!action) return
  action.path ||= '/'
  action.scheme ||= 'HTTP'
}

/** Latest, said or meant, is pulled always: https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting */
function pullPolicyOf(image: string): 'Always' | 'IfNotPresent' {
  if (image.includes('@')) return 'IfNotPresent'
  const tag = /:([^/:]+)$/.exec(image)?.[1]
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent'
}

function setVolumeDefaults(volume: Volume): void {
  if (Object.keys(volume).every((field) => field === 'name')) volume.emptyDir = {}
  if (volume.configMap) volume.configMap.defaultMode ??= 0o644
  if (volume.secret) volume.secret.defaultMode ??= 0o644
  if (volume.hostPath) volume.hostPath.type ??= ''
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= 0o644
    for (const { fieldRef } of volume.downwardAPI.items ?? []) if (fieldRef) fieldRef.apiVersion ??= 'v1'
  }
  if (volume.projected) {
    volume.projected.defaultMode ??= 0o644
    for (const { serviceAccountToken, downwardAPI } of volume.projected.sources ?? []) {
      if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= 3600
      for (const { fieldRef } of downwardAPI?.items ?? []) if (fieldRef) fieldRef.apiVersion ??= 'v1'
    }
  }
}
