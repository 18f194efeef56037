/** Which records the names of a cluster have: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/ */
import { type Answer, CODE, type DnsRecord, TYPE } from './dns-message.ts'
import type { Endpoint, ServiceRef, ServiceTable } from './services.ts'

/** As in the Corefile of kubeadm. */
const TTL_SECONDS = 30
const DOMAIN = 'cluster.local'
const NO_SUCH_NAME: Answer = { code: CODE.noSuchName, answers: [] }

/** Answers for names of the cluster; all other names are refused at once, since nothing here reaches the world. */
export function resolveName(table: ServiceTable, name: string, type: number): Answer {
  if (name !== DOMAIN && !name.endsWith(`.${DOMAIN}`)) return { code: CODE.refused, answers: [] }
  const labels = name.slice(0, -DOMAIN.length - 1).split('.')
  const [kind, namespace = '', service, ...rest] = labels.toReversed()
  if (kind === 'pod' && service !== undefined && rest.length === 0) return resolvePod(name, service, type)
  if (kind !== 'svc' || !service) return NO_SUCH_NAME
  const ref = { namespace, name: service }
  if (!table.find(ref)) return NO_SUCH_NAME
  if (rest.length === 0)
    return answerOf(
      addressesOf(table, ref).map(({ ip }) => aRecord(name, ip)),
      type,
    )
  const [first = '', second = ''] = rest
  if (rest.length === 2 && /^_(tcp|udp)$/.test(first) && second.startsWith('_')) {
    return resolvePort(table, ref, name, second.slice(1), first.slice(1).toUpperCase(), type)
  }
  if (rest.length > 1) return NO_SUCH_NAME
  const hosts = isHeadless(table, ref) ? table.addresses(ref).filter((one) => hostOf(one) === first) : []
  return hosts.length === 0
    ? NO_SUCH_NAME
    : answerOf(
        distinct(hosts.map(({ ip }) => ip)).map((ip) => aRecord(name, ip)),
        type,
      )
}

/** `10-244-0-5.NAMESPACE.pod.cluster.local`, whether there is such a pod or not, as CoreDNS does by default. */
function resolvePod(name: string, host: string, type: number): Answer {
  const isAddress = /^(\d{1,3}-){3}\d{1,3}$/.test(host) && host.split('-').every((part) => Number(part) < 256)
  return isAddress ? answerOf([aRecord(name, host.replaceAll('-', '.'))], type) : NO_SUCH_NAME
}

/** `_http._tcp.web.default.svc.cluster.local`: the Service itself, or each pod behind a headless one. */
function resolvePort(
  table: ServiceTable,
  ref: ServiceRef,
  name: string,
  portName: string,
  portProtocol: string,
  type: number,
): Answer {
  const port = table
    .find(ref)
    ?.spec.ports?.find((one) => one.name === portName && (one.protocol ?? 'TCP') === portProtocol)
  if (!port) return NO_SUCH_NAME
  const domain = `${ref.name}.${ref.namespace}.svc.${DOMAIN}`
  const targets = isHeadless(table, ref)
    ? table.endpoints(ref, portName).map((one) => ({ ...one, host: `${hostOf(one)}.${domain}` }))
    : addressesOf(table, ref).map(({ ip }) => ({ ip, port: port.port, host: domain }))
  if (targets.length === 0) return NO_SUCH_NAME
  const records = targets.map(({ host, port: number }): DnsRecord => ({
    type: 'SRV',
    name,
    ttlSeconds: TTL_SECONDS,
    port: number,
    target: host,
  }))
  const { answers } = answerOf(records, type)
  const additional = answers.length > 0 ? targets.map(({ host, ip }) => aRecord(host, ip)) : []
  return { code: CODE.ok, answers, additional }
}

function addressesOf(table: ServiceTable, ref: ServiceRef): { ip: string }[] {
  const { clusterIP } = table.find(ref)?.spec ?? {}
  if (!isHeadless(table, ref)) return clusterIP ? [{ ip: clusterIP }] : []
  return distinct(table.addresses(ref).map(({ ip }) => ip)).map((ip) => ({ ip }))
}

function isHeadless(table: ServiceTable, ref: ServiceRef): boolean {
  return table.find(ref)?.spec.clusterIP === 'None'
}

function hostOf({ ip, hostname }: Omit<Endpoint, 'port'>): string {
  return hostname ?? ip.replaceAll('.', '-')
}

/** A name that is there has no records of other types, which is no error. */
function answerOf(records: DnsRecord[], type: number): Answer {
  return {
    code: CODE.ok,
    answers: records.filter((record) => type === TYPE.ANY || TYPE[record.type] === type),
  }
}

function aRecord(name: string, ip: string): DnsRecord {
  return { type: 'A', name, ttlSeconds: TTL_SECONDS, ip }
}

function distinct<T>(values: T[]): T[] {
  return [...new Set(values)]
}
