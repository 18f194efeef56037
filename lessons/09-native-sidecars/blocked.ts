/** Explains a pod whose app has not started, because an init container or a sidecar before it has not let it. */
import { notYet, type Verdict } from '#sandbox/course/check.ts'
import type { Lab } from '#sandbox/course/lab.ts'
import type { Container, Event, Pod } from '#sandbox/objects.ts'
import { secondsSince } from './times.ts'

/** Why a pod has not come further. */
export interface Blocked {
  verdict: Verdict
  /** Whether waiting longer will not change it. */
  isFinal: boolean
}

/** What the app waits for and why that does not come, where it waits; undefined for a pod whose app has started. */
export async function explainBlocked(lab: Lab, pod: Pod): Promise<Blocked | undefined> {
  const { name: podName } = pod.metadata
  const blocking = findBlocking(pod)
  if (!blocking) return undefined
  const { name, restartPolicy, startupProbe } = blocking
  if (restartPolicy !== 'Always') {
    const because = `init container ${name} has not ended, so no other container of pod ${podName} starts`
    return { verdict: notYet(because, { hint: HINTS.ordinaryInit }), isFinal: secondsRunning(pod, name) > 4 }
  }
  if (!startupProbe) return undefined
  const evidence = { source: `events of pod ${podName}`, text: await lastWarning(lab, pod) }
  const because = `the startup probe of ${name} has not succeeded yet, so the app of pod ${podName} waits`
  const hint = await recognize(lab, pod, blocking)
  const isFinal = hint !== undefined || secondsRunning(pod, name) > 10
  return { verdict: notYet(because, { evidence, hint }), isFinal }
}

/** The first that has to end, or to have started, before the app may start; undefined once that has. */
function findBlocking({ spec, status }: Pod): Container | undefined {
  const isWaiting = status.containerStatuses?.every(({ state, lastState }) => {
    return !lastState?.terminated && state?.waiting?.reason === 'PodInitializing'
  })
  if (!isWaiting) return undefined
  return spec.initContainers?.find(({ name, restartPolicy }) => {
    const init = status.initContainerStatuses?.find((each) => each.name === name)
    return restartPolicy === 'Always' ? !init?.started : !init?.state?.terminated
  })
}

async function recognize(lab: Lab, pod: Pod, { name, startupProbe }: Container): Promise<string | undefined> {
  const { failureThreshold = 3, periodSeconds = 10, initialDelaySeconds = 0 } = startupProbe!
  if (initialDelaySeconds + failureThreshold * periodSeconds <= 2) return HINTS.tooSoon
  const port = Number((startupProbe!.httpGet ?? startupProbe!.tcpSocket)?.port)
  // A program that has hardly begun may be about to listen.
  if (!port || secondsRunning(pod, name) < 4) return undefined
  const listeners = await listenersIn(lab, pod, name)
  if (!listeners) return undefined
  const addresses = listeners.filter((each) => each.port === port).map(({ address }) => address)
  if (addresses.length === 0) return HINTS.nobodyThere
  return addresses.every((address) => address === LOOPBACK) ? HINTS.loopback : undefined
}

function secondsRunning({ status }: Pod, container: string): number {
  const init = status.initContainerStatuses?.find(({ name }) => name === container)
  return secondsSince(init?.state?.running?.startedAt)
}

/** Who listens in the pod, as the kernel tells it; undefined when it can't be asked. */
async function listenersIn(
  lab: Lab,
  pod: Pod,
  container: string,
): Promise<{ address: string; port: number }[] | undefined> {
  const files = ['/proc/net/tcp', '/proc/net/tcp6']
  const tables = await lab.exec(pod.metadata.name, container, ['cat', ...files])
  return tables?.stdout
    .split('\n')
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , , state]) => state === LISTENING)
    .map(([, local = '']) => ({ address: local.split(':')[0]!, port: parseInt(local.split(':')[1]!, 16) }))
}

async function lastWarning(lab: Lab, { metadata }: Pod): Promise<string> {
  const events = await lab.list<Event>({
    apiVersion: 'v1',
    kind: 'Event',
    plural: 'events',
    namespaced: true,
  })
  const own = events.filter(
    ({ type, involvedObject }) => type === 'Warning' && involvedObject.uid === metadata.uid,
  )
  return own.at(-1)?.message ?? 'nothing yet'
}

/** As /proc/net/tcp writes 127.0.0.1, and the state of a socket that listens. */
const [LOOPBACK, LISTENING] = ['0100007F', '0A']

const HINTS = {
  ordinaryInit:
    'An ordinary init container has to end before the next one begins, and this one stays. Give it restartPolicy: Always; that makes a sidecar of it.',
  tooSoon:
    'The probe gives up before the proxy can listen, and the kubelet starts it anew. It has failureThreshold × periodSeconds; let that be much longer than a start takes.',
  nobodyThere:
    'Nobody listens on the port that the probe asks. Compare it with the port on which your health endpoint listens.',
  loopback:
    'The kubelet asks from outside, at the pod’s own address, and what listens on 127.0.0.1 is not there for it. Let the health endpoint listen on all addresses, on a port of its own.',
}
