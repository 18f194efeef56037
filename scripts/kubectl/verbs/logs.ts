/** `kubectl logs`: what a container has printed. */
import { PODS, type KubernetesClient, type ObjectRef } from '#sandbox/client.ts'
import type { Pod } from '#sandbox/objects.ts'
import { UsageError, parseDuration, type Flags, type FlagNames } from '../flags.ts'
import type { Session } from '../session.ts'

export const summary = 'shows what a container has printed'
export const usage =
  'kubectl logs POD [-c CONTAINER] [-f] [-p] [--tail N] [--since 1m] [--timestamps] [--all-containers] [-l …]'
export const flags: FlagNames = {
  container: { short: 'c' },
  follow: { short: 'f', isSwitch: true },
  previous: { short: 'p', isSwitch: true },
  tail: {},
  since: {},
  timestamps: { isSwitch: true },
  'all-containers': { isSwitch: true },
  prefix: { isSwitch: true },
  selector: { short: 'l' },
}

/** 0 when there was a log to read. */
export async function run(session: Session, options: Flags): Promise<number> {
  const { client, namespace } = session
  const [word, container, ...more] = options.words
  if (more.length > 0) throw new UsageError('expected a pod and a container at most')
  const labelSelector = options.get('selector')
  if (!word && !labelSelector)
    throw new UsageError(
      "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command",
    )
  const name = word?.replace(/^(pods?|po)\//, '')
  if (name?.includes('/')) throw new UsageError(`the small kubectl reads logs of pods only, not of ${word}`)
  const pods = name
    ? [await findPod(client, { name, namespace })]
    : (await client.list(PODS, { namespace, labelSelector })).items
  if (pods.length === 0) process.stderr.write(`No resources found in ${namespace} namespace.\n`)
  const streams = pods.flatMap((pod) =>
    containersOf(pod, options, container).map((each) => ({ pod, container: each })),
  )
  const print = (stream: (typeof streams)[number]) => printLog(session, stream, options, streams.length > 1)
  if (options.has('follow')) await Promise.all(streams.map(print))
  else for (const stream of streams) await print(stream)
  return 0
}

/** kubectl words this refusal itself. */
async function findPod(client: KubernetesClient, ref: ObjectRef): Promise<Pod> {
  const pod = await client.find(PODS, ref)
  if (pod) return pod
  const { name, namespace } = ref
  throw new UsageError(`error from server (NotFound): pods "${name}" not found in namespace "${namespace}"`)
}

function containersOf(pod: Pod, options: Flags, second: string | undefined): string[] {
  const inits = (pod.spec.initContainers ?? []).map(({ name }) => name)
  const apps = pod.spec.containers.map(({ name }) => name)
  const debug = (pod.spec.ephemeralContainers ?? []).map(({ name }) => name)
  const all = [...apps, ...inits.map((name) => `${name} (init)`), ...debug.map((name) => `${name} (ephem)`)]
  if (options.has('all-containers')) return [...inits, ...apps, ...debug]
  const chosen = options.get('container') ?? second
  if (chosen !== undefined) {
    if ([...inits, ...apps, ...debug].includes(chosen)) return [chosen]
    throw new UsageError(
      `container ${chosen} is not valid for pod ${pod.metadata.name} out of: ${all.join(', ')}`,
    )
  }
  const preferred = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'] ?? apps[0]!
  if (all.length > 1) process.stderr.write(`Defaulted container "${preferred}" out of: ${all.join(', ')}\n`)
  return [preferred]
}

async function printLog(
  { client }: Session,
  { pod, container }: { pod: Pod; container: string },
  options: Flags,
  isOneOfMany: boolean,
): Promise<void> {
  const { namespace, name } = pod.metadata
  const query = new URLSearchParams({ container })
  if (options.has('follow')) query.set('follow', 'true')
  if (options.has('previous')) query.set('previous', 'true')
  if (options.has('timestamps')) query.set('timestamps', 'true')
  // With a selector kubectl shows ten lines of each, unless told.
  const tail = options.get('tail') ?? (options.get('selector') ? '10' : '-1')
  if (!/^-?\d+$/.test(tail)) throw new UsageError(`invalid argument "${tail}" for "--tail" flag`)
  if (Number(tail) >= 0) query.set('tailLines', tail)
  const since = options.get('since')
  if (since) query.set('sinceSeconds', String(Math.max(1, Math.ceil(parseDuration(since) / 1000))))
  const response = await client.raw('GET', `/api/v1/namespaces/${namespace}/pods/${name}/log?${query}`)
  const prefix = options.has('prefix') && isOneOfMany ? `[pod/${name}/${container}] ` : ''
  if (!prefix) {
    for await (const chunk of response.body ?? []) process.stdout.write(chunk)
    return
  }
  const { lines } = await import('#sandbox/client.ts')
  for await (const line of lines(response)) process.stdout.write(`${prefix}${line}\n`)
}
