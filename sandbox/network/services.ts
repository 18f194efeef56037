/** What Services stand for at this moment: their addresses and ports, and the endpoints that are ready behind them. */
import { type FollowContext, follow } from '../follow.ts'
import { ENDPOINT_SLICES, SERVICES } from '../kinds.ts'
import type { EndpointSlice, Endpoint as SliceEndpoint, Service } from '../objects.ts'

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
  /**
   * Those ready for the Service's port of this name (`''` for one without). When there are none, those that end but
   * still serve: https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-to-terminating-endpoints
   */
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
    endpoints(ref, portName) {
      const chosen = (choose: (slice: EndpointSlice) => Omit<Endpoint, 'port'>[]) =>
        slicesOf(ref).flatMap((slice) => {
          const port = slice.ports?.find(({ name = '' }) => name === portName)?.port
          return port === undefined ? [] : choose(slice).map((address) => ({ ...address, port }))
        })
      const ready = chosen(readyOf)
      return ready.length > 0 ? ready : chosen(endingOf)
    },
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
  // Unknown counts as ready.
  return addressesOf(slice, ({ ready }) => ready !== false)
}

function endingOf(slice: EndpointSlice): Omit<Endpoint, 'port'>[] {
  return addressesOf(slice, ({ serving, terminating }) => serving === true && terminating === true)
}

function addressesOf(
  slice: EndpointSlice,
  choose: (conditions: NonNullable<SliceEndpoint['conditions']>) => boolean,
): Omit<Endpoint, 'port'>[] {
  return (slice.endpoints ?? [])
    .filter(({ conditions = {} }) => choose(conditions))
    .flatMap(({ addresses, hostname }) => addresses.map((ip) => ({ ip, hostname })))
}
