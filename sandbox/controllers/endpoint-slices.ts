/** Writes which pods are behind each Service, and which of them are ready: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/ */
import { isDeepStrictEqual } from 'node:util'
import type { ObjectRef } from '../client.ts'
import { ENDPOINT_SLICES, SERVICES } from '../kinds.ts'
import type { Endpoint, EndpointPort, Pod, Service } from '../objects.ts'
import { controllerReference, readySince } from './machinery/pods.ts'
import { createQueue } from './machinery/queue.ts'
import { followServicePods, podsBehind, portsOn } from './machinery/service-pods.ts'
import type { ControllerContext } from './start.ts'

const SERVICE_NAME = 'kubernetes.io/service-name'
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
const MANAGER = 'endpointslice-controller.k8s.io'

/** Pods with the same ports share a slice. */
interface Group {
  ports: EndpointPort[]
  endpoints: Endpoint[]
}

/** Works until the signal aborts. */
export async function startController(context: ControllerContext): Promise<void> {
  const queue = createQueue(context, (ref) => reconcile(context, ref))
  await followServicePods(context, ENDPOINT_SLICES, queue)
}

async function reconcile(context: ControllerContext, ref: ObjectRef): Promise<void> {
  const { client } = context
  const service = await client.find(SERVICES, ref)
  // Without a selector the slices are somebody else's; those of a Service that went are collected.
  if (!service?.spec.selector || service.metadata.deletionTimestamp) return
  const groups = groupsOf(service, await podsBehind(context, service))
  const labelSelector = `${SERVICE_NAME}=${ref.name},${MANAGED_BY}=${MANAGER}`
  const { items: slices } = await client.list(ENDPOINT_SLICES, { namespace: ref.namespace, labelSelector })
  const labels = labelsOf(service)
  for (const group of groups) {
    const at = slices.findIndex(({ ports = [] }) => isDeepStrictEqual(ports, group.ports))
    const [slice] = at < 0 ? slices.splice(0, 1) : slices.splice(at, 1)
    if (!slice) {
      const { namespace, name } = service.metadata
      await client.create(ENDPOINT_SLICES, {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {
          namespace,
          generateName: `${name}-`,
          labels,
          ownerReferences: [controllerReference(service)],
        },
        addressType: 'IPv4',
        ...group,
      })
      continue
    }
    const { ports = [], endpoints = [], metadata } = slice
    if (isDeepStrictEqual({ ports, endpoints, labels: metadata.labels }, { ...group, labels })) continue
    await client.replace(ENDPOINT_SLICES, { ...slice, ...group, metadata: { ...metadata, labels } })
  }
  for (const slice of slices) await client.delete(ENDPOINT_SLICES, slice.metadata)
}

/** At least one, so that a Service without pods has a slice that says so. */
function groupsOf(service: Service, pods: readonly Pod[]): Group[] {
  const groups: Group[] = []
  for (const pod of pods) {
    const ports = portsOn(service, pod)
    let group = groups.find((one) => isDeepStrictEqual(one.ports, ports))
    if (!group) groups.push((group = { ports, endpoints: [] }))
    group.endpoints.push(endpointOf(service, pod))
  }
  return groups.length > 0 ? groups : [{ ports: [], endpoints: [] }]
}

function endpointOf(service: Service, pod: Pod): Endpoint {
  const { namespace, name, uid, deletionTimestamp } = pod.metadata
  const { hostname, subdomain, nodeName } = pod.spec
  const serving = readySince(pod) !== undefined
  const terminating = deletionTimestamp !== undefined
  return {
    addresses: [pod.status.podIP!],
    conditions: {
      ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    ...(hostname && subdomain === service.metadata.name ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
  }
}

function labelsOf({ metadata, spec }: Service): Record<string, string> {
  return {
    ...metadata.labels,
    [MANAGED_BY]: MANAGER,
    [SERVICE_NAME]: metadata.name,
    ...(spec.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {}),
  }
}
