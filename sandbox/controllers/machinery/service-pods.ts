/** Which pods are behind a Service, and on which ports: https://kubernetes.io/docs/concepts/services-networking/service/#services-in-kubernetes */
import { PODS, type Resource } from '../../client.ts'
import { SERVICES } from '../../kinds.ts'
import { selectorText, selects } from '../../label-selector.ts'
import type { EndpointPort, KubeObject, Pod, Service } from '../../objects.ts'
import type { ControllerContext } from '../start.ts'
import type { Queue } from './queue.ts'

/** Queues each Service that changes, whose pods change, or whose objects of kind `written` change. */
export async function followServicePods(
  { informers }: ControllerContext,
  written: Resource,
  queue: Queue,
): Promise<void> {
  const labelsOf = new Map<string, Record<string, string> | undefined>()
  await informers.follow(SERVICES, ({ metadata }) => queue.add(metadata))
  await informers.follow(PODS, ({ metadata }, isGone) => {
    // A pod that loses a label must leave the Service it was behind.
    const sets = [labelsOf.get(metadata.uid), metadata.labels]
    if (isGone) labelsOf.delete(metadata.uid)
    else labelsOf.set(metadata.uid, metadata.labels)
    for (const service of informers.list(SERVICES)) {
      if (service.metadata.namespace !== metadata.namespace || !service.spec.selector) continue
      const selector = { matchLabels: service.spec.selector }
      if (sets.some((labels) => selects(selector, labels))) queue.add(service.metadata)
    }
  })
  await informers.follow(written, ({ metadata }: KubeObject, isGone) => {
    if (isGone) queue.add({ namespace: metadata.namespace, name: serviceNameOf(metadata) })
  })
}

function serviceNameOf({ name, labels }: KubeObject['metadata']): string {
  return labels?.['kubernetes.io/service-name'] ?? name
}

/** The pods that a Service selects and that have an address and have not ended. */
export async function podsBehind({ client }: ControllerContext, service: Service): Promise<Pod[]> {
  const { namespace } = service.metadata
  const labelSelector = selectorText({ matchLabels: service.spec.selector })
  const { items } = await client.list(PODS, { namespace, labelSelector })
  return items.filter(
    ({ status }) => status.podIP && status.phase !== 'Succeeded' && status.phase !== 'Failed',
  )
}

/** The ports of a Service on one pod; a named port that the pod does not have is left out. */
export function portsOn({ spec }: Service, pod: Pod): EndpointPort[] {
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  const open = [...pod.spec.containers, ...sidecars].flatMap(({ ports = [] }) => ports)
  return (spec.ports ?? []).flatMap(({ name = '', protocol, targetPort, appProtocol }) => {
    const port =
      typeof targetPort === 'string'
        ? open.find((one) => one.name === targetPort && one.protocol === protocol)?.containerPort
        : targetPort
    return port === undefined ? [] : [{ name, port, protocol, ...(appProtocol ? { appProtocol } : {}) }]
  })
}
