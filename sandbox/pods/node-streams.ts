/** The node's side of `kubectl logs` and `exec`, and of connections to a pod: what the API server asks a kubelet. */
import { connect } from 'node:net'
import type { Duplex, Readable, Writable } from 'node:stream'
import { ApiError } from '../client.ts'
import { messageOf } from '../errors.ts'
import type { ContainerStatus, Pod } from '../objects.ts'
import { logPathOf, type KubeletContext } from './container-start.ts'
import { readLog } from './logs.ts'
import type { PodWorker } from './pod-worker.ts'
import type { StreamSession } from './runtime.ts'

/** Which container's log, and what of it. */
export interface LogRequest {
  container: string
  follow: boolean
  previous: boolean
  timestamps: boolean
  tailLines?: number
  limitBytes?: number
  /** Milliseconds since the epoch: only lines written at or after it. */
  sinceMs?: number
  signal: AbortSignal
}

/** A process to start in a running container. */
export interface ExecRequest {
  container: string
  command: string[]
  tty: boolean
  stdin?: Readable
  stdout?: Writable
  /** Absent with a tty: a terminal has one output. */
  stderr?: Writable
  signal: AbortSignal
}

/** Which container's main process, and whose streams. */
export type AttachRequest = Omit<ExecRequest, 'command' | 'tty'>

/** Streams of one node. Refusals are ApiErrors with the kubelet's own words. */
export interface KubeletStreams {
  logs(pod: Pod, request: LogRequest): Promise<ReadableStream<Uint8Array>>
  exec(pod: Pod, request: ExecRequest): Promise<StreamSession>
  /** Joins the streams of a running container's main process: no process is started, and none ends with the signal. */
  attach(pod: Pod, request: AttachRequest): Promise<StreamSession>
  /** A TCP connection to a port of the pod's own address. */
  connect(pod: Pod, port: number): Promise<Duplex>
  /** A TCP connection to a port of the pod's localhost; each half may end before the other. */
  forward(pod: Pod, port: number): Promise<Duplex>
}

/** Serves the pods that `workerOf` knows by uid. */
export function createNodeStreams(
  { folder, runtime }: KubeletContext,
  workerOf: (uid: string) => PodWorker | undefined,
): KubeletStreams {
  return {
    async logs(pod, { container, previous, follow, ...selection }) {
      const status = statusOf(pod, container)
      const path = logPathOf(folder, pod, container, logAttempt(pod, container, status, previous))
      const process = workerOf(pod.metadata.uid)?.processOf(container)
      const isFollowed = follow && !previous && process !== undefined
      try {
        return await readLog(path, { ...selection, ...(isFollowed ? { followUntil: process.exited } : {}) })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
        throw refusal(
          400,
          'BadRequest',
          `container "${container}" in pod "${pod.metadata.name}" is not available`,
        )
      }
    },

    async exec(pod, { container, command, ...streams }) {
      const { phase } = pod.status
      if (phase === 'Succeeded' || phase === 'Failed') {
        const message = `cannot exec into a container in a completed pod; current phase is ${phase}`
        throw refusal(400, 'BadRequest', message)
      }
      const process = workerOf(pod.metadata.uid)?.processOf(container)
      if (!process) throw refusal(404, 'NotFound', `container not found ("${container}")`)
      return await runtime.exec(process.id, { argv: command, ...streams })
    },

    async attach(pod, { container, ...streams }) {
      const process = workerOf(pod.metadata.uid)?.processOf(container)
      if (!process) throw refusal(404, 'NotFound', `container not found ("${container}")`)
      return await runtime.attach(process.id, streams)
    },

    async connect(pod, port) {
      const ip = workerOf(pod.metadata.uid)?.pod.status.podIP
      if (!ip) throw refusal(503, 'ServiceUnavailable', `pod "${pod.metadata.name}" has no address yet`)
      try {
        return await dial(ip, port)
      } catch (error) {
        throw refusal(503, 'ServiceUnavailable', `error trying to reach service: ${messageOf(error)}`)
      }
    },

    async forward(pod, port) {
      if (!workerOf(pod.metadata.uid))
        throw refusal(404, 'NotFound', `pod "${pod.metadata.name}" is not running`)
      try {
        return await runtime.connectLoopback(pod.metadata.uid, port)
      } catch (error) {
        const inside = `failed to connect to localhost:${port} inside namespace of pod "${pod.metadata.name}"`
        throw refusal(503, 'ServiceUnavailable', `${inside}: ${messageOf(error)}`)
      }
    },
  }
}

function statusOf(pod: Pod, container: string): ContainerStatus {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod.status
  const statuses = [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses]
  const status = statuses.find(({ name }) => name === container)
  if (status) return status
  throw refusal(400, 'BadRequest', `container "${container}" in pod "${pod.metadata.name}" is not available`)
}

/** The restartCount of the run whose log is asked for. */
function logAttempt(pod: Pod, container: string, status: ContainerStatus, previous: boolean): number {
  const { state, lastState, restartCount } = status
  const inPod = `container "${container}" in pod "${pod.metadata.name}"`
  if (previous) {
    if (!lastState?.terminated) throw refusal(400, 'BadRequest', `previous terminated ${inPod} not found`)
    return state?.waiting ? restartCount : restartCount - 1
  }
  if (state?.running || state?.terminated || lastState?.terminated) return restartCount
  const reason = state?.waiting?.reason
  const problem =
    reason === 'ErrImagePull'
      ? "image can't be pulled"
      : reason === 'ImagePullBackOff'
        ? 'trying and failing to pull image'
        : reason
  throw refusal(400, 'BadRequest', `${inPod} is waiting to start: ${problem}`)
}

function dial(host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

function refusal(code: number, reason: string, message: string): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    code,
    reason,
    message,
  })
}
