/** The addresses of Services: https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/ */
import { randomInt } from 'node:crypto'
import type { Service } from '../objects.ts'
import type { ApiContext } from './resource.ts'
import { invalid, invalidValue } from './status.ts'

const RANGE = '10.96.0.0/16'
/** Of the cluster's name server, whose Service need not exist. */
const NAME_SERVER = '10.96.0.10'

/** Gives a Service the address it asks for, or a free one; 422 when it can't have it. */
export function allocateClusterIp(service: Service, api: ApiContext): void {
  const { spec, metadata } = service
  const asked = spec.clusterIP || spec.clusterIPs?.[0]
  if (asked !== 'None') {
    const taken = new Set(
      (api.store.list('services') as Service[])
        .filter((other) => other.metadata.uid !== metadata.uid)
        .map((other) => other.spec.clusterIP),
    )
    if (metadata.namespace !== 'kube-system') taken.add(NAME_SERVER)
    if (asked) checkAsked(service, asked, taken)
    spec.clusterIP = asked || freeAddress(taken)
  } else spec.clusterIP = 'None'
  spec.clusterIPs = [spec.clusterIP]
}

function checkAsked({ metadata }: Service, asked: string, taken: ReadonlySet<string | undefined>): void {
  const inRange = /^10\.96(\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){2}$/.test(asked)
  if (inRange && !taken.has(asked)) return
  const why = inRange
    ? 'provided IP is already allocated'
    : `the provided IP (${asked}) is not in the valid range. The range of valid IPs is ${RANGE}`
  const text = `failed to allocate IP ${asked}: ${why}`
  throw invalid('Service', metadata.name, [invalidValue('spec.clusterIPs', [asked], text)])
}

/** From above the first 256: those are for whoever asks for one by number. */
function freeAddress(taken: ReadonlySet<string | undefined>): string {
  for (;;) {
    const address = `10.96.${randomInt(1, 256)}.${randomInt(0, 255)}`
    if (!taken.has(address)) return address
  }
}
