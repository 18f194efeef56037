/** What a check may see and do: one namespace of a live cluster. */
import { randomBytes } from 'node:crypto'
import { ApiError, PODS, objectPath, type KubernetesClient, type Resource } from '../client.ts'
import { WorkshopError } from '../errors.ts'
import { execInPod } from '../exec.ts'
import type { Connection } from '../kubeconfig.ts'
import type { KubeObject, Pod, Status } from '../objects.ts'
import { until } from '../until.ts'

/** An HTTP answer from inside a pod. */
export interface LabResponse {
  status: number
  headers: Record<string, string>
  body: string
}

/** How long to wait for something to be seen. */
export interface WaitOptions {
  /** 3 s unless told. */
  timeoutMs?: number
  /** Pause between two looks, 40 ms unless told: for what takes seconds, looking seldom leaves it the processor. */
  intervalMs?: number
}

/**
 * A check's only window on the world. Every method that asks about something which is not there (yet)
 * answers `undefined` or an empty list; they throw only when the cluster does not answer.
 */
export interface Lab {
  /** Unique to this one run of the check: letters and digits, fit for a URL, a file name and a log line. */
  readonly nonce: string
  /** The lesson's namespace. */
  readonly namespace: string
  readonly signal: AbortSignal
  /** All objects of a kind in the lesson's namespace. */
  list<T extends KubeObject>(resource: Resource<T>): Promise<T[]>
  pods(): Promise<Pod[]>
  pod(name: string): Promise<Pod | undefined>
  /** Waits until the pod satisfies `condition`; the pod as last seen otherwise, `undefined` where there is none. */
  waitForPod(name: string, condition: (pod: Pod) => boolean, options?: WaitOptions): Promise<Pod | undefined>
  /** The container's log so far, line by line, with that of its previous run before it where there is one. */
  logLines(pod: string, container: string): Promise<string[]>
  /** Polls the log until `condition` holds for its lines; the lines as last read either way. */
  waitForLog(
    pod: string,
    container: string,
    condition: (lines: string[]) => boolean,
    options?: WaitOptions,
  ): Promise<string[]>
  /** HTTP to the pod's own address through the API server; `undefined` when nothing answers there. */
  request(
    pod: string,
    port: number,
    path: string,
    init?: { method?: string; headers?: Record<string, string>; body?: string },
  ): Promise<LabResponse | undefined>
  /** Runs a command in a running container; `undefined` when the container does not run. */
  exec(
    pod: string,
    container: string,
    argv: string[],
    options?: { stdin?: string } & WaitOptions,
  ): Promise<{ exitCode: number; stdout: string; stderr: string } | undefined>
  /** Asks until the answer is truthy: that answer, or `undefined` at the deadline. */
  until<T>(condition: () => Promise<T>, options?: WaitOptions): Promise<T | undefined>
}

/** A cluster as a lab needs it: the client for the API, the connection for what runs over a WebSocket. */
export interface LabCluster {
  client: KubernetesClient
  connection: Connection
}

/** A lab in one namespace, with a nonce of its own. Everything it does ends when `signal` aborts. */
export function createLab(cluster: LabCluster, namespace: string, signal: AbortSignal): Lab {
  const { client, connection } = cluster
  const nonce = `n${randomBytes(5).toString('hex')}`

  const wait = async <T>(
    condition: () => Promise<T>,
    { timeoutMs = 3_000, intervalMs = 40 }: WaitOptions = {},
  ) => (await until(condition, { timeoutMs, intervalMs, signal })) as T | undefined

  const lab: Lab = {
    nonce,
    namespace,
    signal,
    async list(resource) {
      return (await client.list(resource, { namespace, signal })).items
    },
    pods: () => lab.list(PODS),
    pod: async (name) => {
      signal.throwIfAborted()
      return await client.find(PODS, { name, namespace })
    },
    async waitForPod(name, condition, options) {
      let seen: Pod | undefined
      await wait(async () => {
        seen = await lab.pod(name)
        return seen !== undefined && condition(seen)
      }, options)
      return seen
    },
    async logLines(name, container) {
      const pod = await lab.pod(name)
      if (!pod) return []
      const previous = hasRestarted(pod, container)
        ? await readLog(client, pod, { container, previous: true, signal })
        : []
      return [...previous, ...(await readLog(client, pod, { container, signal }))]
    },
    async waitForLog(name, container, condition, options) {
      let seen: string[] = []
      await wait(async () => {
        seen = await lab.logLines(name, container)
        return condition(seen)
      }, options)
      return seen
    },
    request: (name, port, path, init = {}) =>
      request(client, `${objectPath(PODS, { name: `${name}:${port}`, namespace }, 'proxy')}${slash(path)}`, {
        ...init,
        signal,
      }),
    async exec(name, container, argv, { stdin, timeoutMs = 3_000 } = {}) {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
      try {
        return await execInPod(connection, { namespace, name }, { container, argv, stdin, signal: deadline })
      } catch (error) {
        if (isAbsence(error)) return undefined
        if (!deadline.aborted || signal.aborted) throw error
        const what = `“${argv.join(' ')}” in container ${container} did not end within ${timeoutMs} ms`
        throw new WorkshopError(what, 'npm run cluster status', { cause: error })
      }
    },
    until: wait,
  }
  return lab
}

function hasRestarted(pod: Pod, container: string): boolean {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status
  const status = [...containerStatuses, ...initContainerStatuses].find((each) => each.name === container)
  return (status?.restartCount ?? 0) > 0
}

async function readLog(
  client: KubernetesClient,
  pod: Pod,
  options: { container: string; previous?: boolean; signal: AbortSignal },
): Promise<string[]> {
  try {
    const text = await client.logs(pod.metadata, options)
    return text === '' ? [] : text.replace(/\n$/, '').split('\n')
  } catch (error) {
    if (isAbsence(error)) return []
    throw error
  }
}

async function request(
  client: KubernetesClient,
  path: string,
  init: RequestInit,
): Promise<LabResponse | undefined> {
  const response = await client.send(init.method ?? 'GET', path, init)
  const body = await response.text()
  if (isStatus(response, body)) {
    const error = new ApiError(JSON.parse(body) as Status)
    if (isAbsence(error)) return undefined
    throw error
  }
  return { status: response.status, headers: Object.fromEntries(response.headers), body }
}

/** Whether the API server speaks for itself, rather than passing on what the pod said. */
function isStatus(response: Response, body: string): boolean {
  if (response.ok || !response.headers.get('content-type')?.includes('json')) return false
  return /"kind":\s*"Status"/.test(body)
}

/**
 * What the API server says of a pod or container that is not there, does not run yet or does not listen; everything
 * else means that the cluster itself is in trouble. A kubelet that can't reach a container answers InternalError.
 */
function isAbsence(error: unknown): boolean {
  return ABSENCE.some((reason) => ApiError.isReason(error, reason))
}

const ABSENCE = ['NotFound', 'BadRequest', 'ServiceUnavailable', 'InternalError']

function slash(path: string): string {
  return path.startsWith('/') ? path : `/${path}`
}
