/** The quality of service class of a pod. */
import type { PodSpec } from '../../objects.ts'
import { quantityValue } from '../../quantity.ts'

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/ */
export function qosClassOf(spec: PodSpec): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const all = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].map((one) => one.resources ?? {})
  const kinds = ['cpu', 'memory']
  const isSet = all.some(({ limits, requests }) =>
    kinds.some((kind) => limits?.[kind] !== undefined || requests?.[kind] !== undefined),
  )
  if (!isSet) return 'BestEffort'
  const isGuaranteed = all.every(({ limits, requests }) =>
    kinds.every((kind) => {
      const limit = limits?.[kind]
      const request = requests?.[kind] ?? limit
      return limit !== undefined && quantityValue(limit) === quantityValue(request!)
    }),
  )
  return isGuaranteed ? 'Guaranteed' : 'Burstable'
}
