/** Writes the older form of EndpointSlices, for kubectl up to 1.30: https://kubernetes.io/docs/concepts/services-networking/service/#endpoints */
import { isDeepStrictEqual } from 'node:util'
import type { ObjectRef } from '../client.ts'
import { ENDPOINTS, SERVICES } from '../kinds.ts'
import type { Endpoints, Pod, Service } from '../objects.ts'
import { controllerReference, readySince } from './machinery/pods.ts'
import { createQueue } from './machinery/queue.ts'
import { followServicePods, podsBehind, portsOn } from './machinery/service-pods.ts'
import type { ControllerContext } from './start.ts'

type Subset = NonNullable<Endpoints['subsets']>[number]

/** Works until the signal aborts. */
export async function startController(context: ControllerContext): Promise<void> {
  const queue = createQueue(context, (ref) => reconcile(context, ref))
  await followServicePods(context, ENDPOINTS, queue)
}

async function reconcile(context: ControllerContext, ref: ObjectRef): Promise<void> {
  const { client } = context
  const service = await client.find(SERVICES, ref)
  if (!service?.spec.selector || service.metadata.deletionTimestamp) return
  const subsets = subsetsOf(service, await podsBehind(context, service))
  const present = await client.find(ENDPOINTS, ref)
  if (!present) {
    const { labels, namespace, name } = service.metadata
    const metadata = { namespace, name, labels, ownerReferences: [controllerReference(service)] }
    await client.create(ENDPOINTS, { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets })
  } else if (!isDeepStrictEqual(present.subsets ?? [], subsets)) {
    await client.replace(ENDPOINTS, { ...present, subsets })
  }
}

function subsetsOf(service: Service, pods: readonly Pod[]): Subset[] {
  const subsets: Subset[] = []
  for (const pod of pods) {
    const { namespace, name, uid, deletionTimestamp } = pod.metadata
    const isPublished = service.spec.publishNotReadyAddresses === true
    if (deletionTimestamp && !isPublished) continue
    const ports = portsOn(service, pod).map(({ name: port, ...rest }) => ({
      ...(port ? { name: port } : {}),
      ...rest,
      port: rest.port!,
    }))
    if (ports.length === 0 && service.spec.clusterIP !== 'None') continue
    let subset = subsets.find((one) => isDeepStrictEqual(one.ports ?? [], ports))
    if (!subset) subsets.push((subset = ports.length > 0 ? { ports } : {}))
    const list = isPublished || readySince(pod) !== undefined ? 'addresses' : 'notReadyAddresses'
    const { nodeName } = pod.spec
    const address = { ip: pod.status.podIP!, nodeName, targetRef: { kind: 'Pod', namespace, name, uid } }
    subset[list] = [...(subset[list] ?? []), address]
  }
  return subsets
}
