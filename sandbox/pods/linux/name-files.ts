/** The files that tell a container its own and other names: /etc/hosts, /etc/hostname and /etc/resolv.conf. */
import { readFileSync } from 'node:fs'
import type { DnsConfig, PodIdentity } from '../runtime.ts'
import { nameServer } from './network.ts'
import type { Operation } from './process.ts'

/** As the kubelet writes them, into the new root. */
export function nameFiles(pod: PodIdentity & { ip: string }): Operation[] {
  return [
    ['file', '/etc/hostname', `${pod.hostname}\n`],
    ['file', '/etc/hosts', hostsFile(pod)],
    ['file', '/etc/resolv.conf', resolverFile(pod)],
  ]
}

/** https://kubernetes.io/docs/tasks/network/customize-hosts-file-for-pods/ */
function hostsFile({ ip, hostname, domain, hostAliases = [] }: PodIdentity & { ip: string }): string {
  const own = domain ? `${ip}\t${hostname}.${domain}\t${hostname}` : `${ip}\t${hostname}`
  const aliases = hostAliases.map((alias) => `${alias.ip}\t${(alias.hostnames ?? []).join('\t')}`)
  return [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    own,
    ...(aliases.length > 0 ? ['', '# Entries added by HostAliases.', ...aliases] : []),
    '',
  ].join('\n')
}

/** https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy */
function resolverFile({ namespace, dns = {} }: PodIdentity): string {
  if (dns.policy === 'Default') return withMore(readFileSync('/etc/resolv.conf', 'utf8'), dns)
  if (dns.policy === 'None') return withMore('', dns)
  const own = [
    `search ${namespace}.svc.cluster.local svc.cluster.local cluster.local`,
    `nameserver ${nameServer}`,
    'options ndots:5',
  ]
  return withMore(own.join('\n'), dns)
}

/** What the pod adds comes last; of two options with one name it is the pod's that counts. */
function withMore(text: string, { nameservers = [], searches = [], options = [] }: DnsConfig): string {
  const words = (keyword: string) =>
    text.split('\n').flatMap((line) => {
      const [first, ...rest] = line.trim().split(/\s+/)
      return first === keyword ? rest : []
    })
  const more = options.map(({ name, value }) => (value === undefined ? `${name}` : `${name}:${value}`))
  const isReplaced = (option: string) => options.some(({ name }) => name === option.split(':')[0])
  const search = [...new Set([...words('search'), ...searches])]
  const option = [...words('options').filter((word) => !isReplaced(word)), ...more]
  return [
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...[...new Set([...words('nameserver'), ...nameservers])].map((server) => `nameserver ${server}`),
    ...(option.length > 0 ? [`options ${option.join(' ')}`] : []),
    '',
  ].join('\n')
}
