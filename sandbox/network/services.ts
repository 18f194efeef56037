/** What Services stand for at this moment: their addresses and ports, and the endpoints that are ready behind them. */
import type { EndpointSlice as RawEndpointSlice } from 'kubernetes-types/discovery/v1.d.ts'
import type { Service as RawService, ServiceSpec } from 'kubernetes-types/core/v1.d.ts'
import type { Resource } from '../client.ts'
import { type FollowContext, follow } from '../follow.ts'
import type { KubeObject, ObjectMeta } from '../objects.ts'

/** A stored Service. */
export type Service = Omit<RawService, 'apiVersion' | 'kind' | 'metadata'> &
  KubeObject & { metadata: ObjectMeta & { namespace: string }; spec: ServiceSpec }
/** A stored EndpointSlice. */
export type EndpointSlice = Omit<RawEndpointSlice, 'apiVersion' | 'kind' | 'metadata'> &
  KubeObject & { metadata: ObjectMeta & { namespace: string } }

/** https://kubernetes.io/docs/concepts/services-networking/service/ */
export const SERVICES: Resource<Service> = {
  apiVersion: 'v1',
  kind: 'Service',
  plural: 'services',
  namespaced: true,
}
/** https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/ */
export const ENDPOINT_SLICES: Resource<EndpointSlice> = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  namespaced: true,
}

/** Names one Service. */
export interface ServiceRef {
  namespace: string
  name: string
}

/** One port of one pod that is ready to serve. */
export interface Endpoint {
  ip: string
  port: number
  /** The pod's spec.hostname, where its subdomain names the Service. */
  hostname?: string
}

/** All Services of the cluster. */
export interface ServiceTable {
  find(ref: ServiceRef): Service | undefined
  /** Those ready for the Service's port of this name (`''` for one without); oldest slice first. */
  endpoints(ref: ServiceRef, portName: string): Endpoint[]
  /** Addresses that are ready, whatever their ports: a headless Service may have none. */
  addresses(ref: ServiceRef): Omit<Endpoint, 'port'>[]
}

/** Kept up to date until the signal aborts; settles when all there is has been told. Calls back for each change. */
export async function followServices(
  context: FollowContext,
  onChange: (ref: ServiceRef, table: ServiceTable) => void,
): Promise<ServiceTable> {
  const services = new Map<string, Service>()
  const slices = new Map<string, Map<string, EndpointSlice>>()

  function slicesOf(ref: ServiceRef): EndpointSlice[] {
    return [...(slices.get(keyOf(ref))?.values() ?? [])]
  }

  const table: ServiceTable = {
    find: (ref) => services.get(keyOf(ref)),
    endpoints: (ref, portName) =>
      slicesOf(ref).flatMap((slice) => {
        const port = slice.ports?.find(({ name = '' }) => name === portName)?.port
        return port === undefined ? [] : readyOf(slice).map((address) => ({ ...address, port }))
      }),
    addresses: (ref) => slicesOf(ref).flatMap(readyOf),
  }

  await follow(context, SERVICES, {}, (service, isGone) => {
    if (isGone) services.delete(keyOf(service.metadata))
    else services.set(keyOf(service.metadata), service)
    onChange(service.metadata, table)
  })
  await follow(context, ENDPOINT_SLICES, {}, (slice, isGone) => {
    const name = slice.metadata.labels?.['kubernetes.io/service-name']
    if (!name) return
    const ref = { namespace: slice.metadata.namespace, name }
    const mine = slices.get(keyOf(ref)) ?? new Map<string, EndpointSlice>()
    if (isGone) mine.delete(slice.metadata.uid)
    else mine.set(slice.metadata.uid, slice)
    if (mine.size > 0) slices.set(keyOf(ref), mine)
    else slices.delete(keyOf(ref))
    onChange(ref, table)
  })

  return table
}

function keyOf({ namespace, name }: ServiceRef): string {
  return `${namespace}/${name}`
}

function readyOf(slice: EndpointSlice): Omit<Endpoint, 'port'>[] {
  return (
    (slice.endpoints ?? [])
      // Unknown counts as ready: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#ready
      .filter(({ conditions }) => conditions?.ready !== false)
      .flatMap(({ addresses, hostname }) => addresses.map((ip) => ({ ip, hostname })))
  )
}
