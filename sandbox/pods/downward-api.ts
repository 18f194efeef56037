/** What a container may learn about its own pod: https://kubernetes.io/docs/concepts/workloads/pods/downward-api/ */
import type { Container, Pod } from '../objects.ts'
import { quantityValue } from '../quantity.ts'

/** A field of a pod, or a resource of one of its containers, as env and volumes name them. */
export interface ResourceFieldSelector {
  containerName?: string
  /** `limits.cpu`, `requests.memory` and so on. */
  resource: string
  /** What the value is counted in; `1` when it is absent or 0. */
  divisor?: string
}

/** What a container without a limit could use at most: the node's allocatable. */
export type Allocatable = Record<string, string>

/** The pod's metadata as text; `undefined` for a path that is none. A whole map has a line `key="value"` for each entry. */
export function metadataField({ metadata }: Pod, path: string): string | undefined {
  const entry = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path)
  if (entry) return metadata[entry[1] as 'labels' | 'annotations']?.[entry[2]!] ?? ''
  if (path === 'metadata.labels' || path === 'metadata.annotations') {
    return formatMap(metadata[path.slice('metadata.'.length) as 'labels' | 'annotations'])
  }
  const { name, namespace, uid } = metadata
  return { 'metadata.name': name, 'metadata.namespace': namespace, 'metadata.uid': uid }[path]
}

/**
 * A limit or request of a container, rounded up to whole divisors. A missing limit is what the node has, a missing
 * request is 0. Throws an Error in the kubelet's words.
 */
export function resourceField(
  container: Container,
  { resource, divisor }: ResourceFieldSelector,
  allocatable: Allocatable,
): string {
  const [, list, name] = /^(limits|requests)\.(cpu|memory|ephemeral-storage)$/.exec(resource) ?? []
  if (!list || !name) throw new Error(`unsupported container resource : ${resource}`)
  const amounts = container.resources?.[list as 'limits' | 'requests']
  const amount = quantityValue(amounts?.[name] ?? '0')
  const value = amount === 0 && list === 'limits' ? quantityValue(allocatable[name] ?? '0') : amount
  const unit = quantityValue(divisor ?? '0') || 1
  // Thousandths are as fine as Kubernetes counts processors; the division alone would round 1.1 up.
  const scale = name === 'cpu' ? 1000 : 1
  return String(Math.ceil(Math.round(value * scale) / Math.round(unit * scale)))
}

/** As Go's %q, for text without control characters the same as JSON. */
function formatMap(map: Record<string, string> | undefined): string {
  const keys = Object.keys(map ?? {}).sort()
  return keys.map((key) => `${key}=${JSON.stringify(map![key])}`).join('\n')
}
