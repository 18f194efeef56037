/** Which container of a pod a stream is for, in kubectl's and the API server's words. */
import type { Pod } from '../../objects.ts'
import { badRequest } from '../status.ts'

/**
 * The container that a log or exec is for: the one asked for, the default one by annotation, or the only one.
 * Throws a 400 for a name that no container has, and when it would have to guess.
 */
export function chooseContainer(pod: Pod, asked: string | null): string {
  const { name } = pod.metadata
  const containers = pod.spec.containers.map((container) => container.name)
  const inits = (pod.spec.initContainers ?? []).map((container) => container.name)
  const ephemeral = (pod.spec.ephemeralContainers ?? []).map((container) => container.name)
  if (asked) {
    if ([...containers, ...inits, ...ephemeral].includes(asked)) return asked
    throw badRequest(`container ${asked} is not valid for pod ${name}`)
  }
  const preferred = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container']
  if (preferred && containers.includes(preferred)) return preferred
  if (containers.length === 1) return containers[0]!
  const also = inits.length > 0 ? ` or one of the init containers: [${inits.join(' ')}]` : ''
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${containers.join(' ')}]${also}`,
  )
}
