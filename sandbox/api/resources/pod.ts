/** Pods: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
import type { Pod } from '../../objects.ts'
import { podColumns } from '../pod-spec/columns.ts'
import { admitPodSpec, admitServiceAccount, setPodSpecDefaults } from '../pod-spec/defaults.ts'
import { mountServiceAccountToken } from '../pod-spec/service-account.ts'
import { qosClassOf } from '../pod-spec/quantity.ts'
import { validatePodUpdate } from '../pod-spec/update.ts'
import { validatePodSpec } from '../pod-spec/validation.ts'
import type { ResourceDefinition } from '../resource.ts'
import { binding } from '../streams/binding.ts'
import { log } from '../streams/log.ts'
import { proxy } from '../streams/proxy.ts'
import { ephemeralContainers } from '../subresources/ephemeral-containers.ts'
import { attach, exec, portforward } from '../streams/upgrade-only.ts'

/** The kind Pod. */
export const resource: ResourceDefinition<Pod> = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  columns: podColumns,
  prepareCreate(pod) {
    pod.spec ??= { containers: [] }
    admitServiceAccount(pod.spec)
    pod.status = { phase: 'Pending', qosClass: qosClassOf(pod.spec) }
  },
  setDefaults(pod) {
    pod.spec ??= { containers: [] }
    setPodSpecDefaults(pod.spec)
    admitPodSpec(pod.spec)
  },
  admit(pod, api, previous) {
    if (!previous) mountServiceAccountToken(pod, api)
  },
  validate: (pod) => validatePodSpec(pod.spec, 'spec'),
  validateUpdate: validatePodUpdate,
  selectableFields: ({ spec, status }) => ({
    'spec.nodeName': spec?.nodeName ?? '',
    'spec.restartPolicy': spec?.restartPolicy ?? '',
    'spec.schedulerName': spec?.schedulerName ?? '',
    'spec.serviceAccountName': spec?.serviceAccountName ?? '',
    'spec.hostNetwork': String(spec?.hostNetwork ?? false),
    'status.phase': status?.phase ?? '',
    'status.podIP': status?.podIP ?? '',
    'status.nominatedNodeName': status?.nominatedNodeName ?? '',
  }),
  gracePeriodSeconds(pod, requested) {
    const { phase } = pod.status
    // Nobody runs it, so nobody needs to finish it off.
    if (!pod.spec.nodeName || phase === 'Succeeded' || phase === 'Failed') return 0
    const seconds = requested ?? pod.spec.terminationGracePeriodSeconds ?? 30
    return seconds < 0 ? 1 : seconds
  },
  subresources: {
    attach,
    binding,
    ephemeralcontainers: ephemeralContainers,
    exec,
    log,
    portforward,
    proxy,
  },
}
