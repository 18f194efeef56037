/** A table of Services that a test fills by hand. */
import type { ServiceTable } from '#sandbox/network/services.ts'

/** One Service as a test needs it; an endpoint is `IP`, or `HOSTNAME@IP`, and listens on the ports' targets. */
export interface FakeService {
  name: string
  namespace?: string
  clusterIP: string
  /** `name:port>target`, the name may be empty. */
  ports: string[]
  endpoints: string[]
}

/** What it answers follows the array, which the test may change. */
export function createFakeServices(services: FakeService[]): ServiceTable {
  const of = ({ namespace, name }: { namespace: string; name: string }) =>
    services.find((one) => one.name === name && (one.namespace ?? 'default') === namespace)
  const portsOf = (service: FakeService | undefined) =>
    (service?.ports ?? []).map((text) => {
      const [, name = '', port = '', target = ''] = /^(.*):(\d+)>(\d+)$/.exec(text) ?? []
      return { name, port: Number(port), target: Number(target) }
    })
  const addresses: ServiceTable['addresses'] = (ref) =>
    (of(ref)?.endpoints ?? []).map((text) => {
      const [ip = '', hostname] = text.split('@').toReversed()
      return { ip, hostname }
    })
  return {
    addresses,
    find(ref) {
      const service = of(ref)
      if (!service) return undefined
      const ports = portsOf(service).map(({ name, port }) => ({ name: name || undefined, port }))
      return { ...ref, spec: { clusterIP: service.clusterIP, ports } } as unknown as ReturnType<
        ServiceTable['find']
      >
    },
    endpoints(ref, portName) {
      const port = portsOf(of(ref)).find(({ name }) => name === portName)?.target
      return port === undefined ? [] : addresses(ref).map((address) => ({ ...address, port }))
    },
  }
}
