/** A client of the Kubernetes API, the same for every cluster; how a request travels is the transport's affair. */
import { WorkshopError } from './errors.ts'
import type {
  ConfigMap,
  Event,
  KubeObject,
  Manifest,
  Namespace,
  Node,
  Pod,
  Status,
  WatchEvent,
} from './objects.ts'

/** Carries one request to an API server. The path of the URL counts, its host does not. */
export type Transport = (request: Request) => Promise<Response>

/** Where objects of one kind live in the API. The type parameter exists for the compiler only. */
export interface Resource<T extends KubeObject = KubeObject> {
  apiVersion: string
  kind: string
  plural: string
  namespaced: boolean
  readonly example?: T
}

/** Pods; like the others below, a resource that the kit itself reads and writes. */
export const PODS: Resource<Pod> = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }
/** Events, of core/v1 as the kubelet writes them. */
export const EVENTS: Resource<Event> = { apiVersion: 'v1', kind: 'Event', plural: 'events', namespaced: true }
/** The machines of the cluster. */
export const NODES: Resource<Node> = { apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false }
/** A lesson has one of its own. */
export const NAMESPACES: Resource<Namespace> = {
  apiVersion: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
}
/** How a learner's code gets into a pod. */
export const CONFIG_MAPS: Resource<ConfigMap> = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
}

/** Names one object; leave `namespace` out for a cluster-scoped one. */
export interface ObjectRef {
  name: string
  namespace?: string
}

/** Query parameters of a list or watch. */
export interface ListOptions {
  /** Without it, all namespaces. */
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  signal?: AbortSignal
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply-operations */
export type PatchType =
  | 'application/merge-patch+json'
  | 'application/strategic-merge-patch+json'
  | 'application/json-patch+json'
  | 'application/apply-patch+yaml'

/** The API server's own refusal, with the Status that it sent. */
export class ApiError extends WorkshopError {
  readonly status: Status

  constructor(status: Status) {
    super(
      status.message ?? `the API server answered ${status.code}`,
      'read the message above: it is Kubernetes’ own',
    )
    this.name = 'ApiError'
    this.status = status
  }

  /** Whether `error` is an API error of this reason, as in `isReason(error, 'NotFound')`. */
  static isReason(error: unknown, reason: string): error is ApiError {
    return error instanceof ApiError && error.status.reason === reason
  }
}

/** Reads and writes objects. Every method throws an ApiError for a refusal. */
export class KubernetesClient {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  get<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef): Promise<T> {
    return this.json('GET', objectPath(resource, ref))
  }

  /** As get, with `undefined` for an object that is not there. */
  async find<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef): Promise<T | undefined> {
    try {
      return await this.get(resource, ref)
    } catch (error) {
      if (ApiError.isReason(error, 'NotFound')) return undefined
      throw error
    }
  }

  async list<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions = {},
  ): Promise<{ items: T[]; resourceVersion: string }> {
    const path = collectionPath(resource, options.namespace) + query(selectors(options))
    const list = await this.json<{ items: T[] | null; metadata: { resourceVersion: string } }>(
      'GET',
      path,
      undefined,
      options.signal,
    )
    // Items of a list carry no apiVersion and kind of their own on a real API server.
    const items = (list.items ?? []).map((item) => ({
      ...item,
      apiVersion: resource.apiVersion,
      kind: resource.kind,
    }))
    return { items, resourceVersion: list.metadata.resourceVersion }
  }

  create<T extends KubeObject>(resource: Resource<T>, object: Manifest): Promise<T> {
    return this.json('POST', collectionPath(resource, object.metadata.namespace), object)
  }

  /** PUT; with a stale `metadata.resourceVersion` it throws Conflict. */
  replace<T extends KubeObject>(resource: Resource<T>, object: T, subresource?: 'status'): Promise<T> {
    return this.json('PUT', objectPath(resource, object.metadata, subresource), object)
  }

  patch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: unknown,
    options: { type?: PatchType; subresource?: string } = {},
  ): Promise<T> {
    const type = options.type ?? 'application/merge-patch+json'
    return this.json('PATCH', objectPath(resource, ref, options.subresource), patch, undefined, type)
  }

  /** Asks for deletion and returns at once; use a watch or `until` to see it gone. */
  async delete<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options: {
      gracePeriodSeconds?: number
      /** What becomes of the objects that this one owns; each kind has its own default. */
      propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
      preconditions?: { uid: string }
    } = {},
  ): Promise<void> {
    await this.json('DELETE', objectPath(resource, ref), {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      ...options,
    })
  }

  /**
   * Watch events from `resourceVersion` on, until the server ends the stream or `signal` aborts
   * (then it returns without an error). A 410 Gone arrives as an ApiError of reason Expired.
   */
  async *watch<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions & { resourceVersion: string },
  ): AsyncGenerator<WatchEvent<T>> {
    const path =
      collectionPath(resource, options.namespace) +
      query({ ...selectors(options), watch: 'true', resourceVersion: options.resourceVersion })
    try {
      for await (const line of lines(await this.raw('GET', path, { signal: options.signal }))) {
        const event = JSON.parse(line) as WatchEvent<T>
        if (event.type === 'ERROR') throw new ApiError(event.object as unknown as Status)
        yield event
      }
    } catch (error) {
      if (!options.signal?.aborted) throw error
    }
  }

  /** The text of a container's log, as `kubectl logs` prints it. */
  async logs(
    ref: ObjectRef,
    options: {
      container?: string
      previous?: boolean
      tailLines?: number
      sinceTime?: string
      timestamps?: boolean
      signal?: AbortSignal
    } = {},
  ): Promise<string> {
    const { signal, ...rest } = options
    const response = await this.raw('GET', objectPath(PODS, ref, 'log') + query(rest), { signal })
    return await response.text()
  }

  /** One request and its JSON answer. */
  async json<T>(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
    type?: string,
  ): Promise<T> {
    const response = await this.raw(method, path, {
      signal,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': type ?? 'application/json' }),
      },
    })
    return (await response.json()) as T
  }

  /** One request and whatever is answered, a refusal included. */
  send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    return this.#transport(new Request(new URL(path, 'http://cluster'), { ...init, method }))
  }

  /** One request and its answer as it comes; throws an ApiError unless the answer is a success. */
  async raw(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const response = await this.send(method, path, init)
    if (response.ok) return response
    throw new ApiError(toStatus(response.status, await response.text()))
  }
}

/** `/api/v1/namespaces/NS/pods`, or over all namespaces without one. */
export function collectionPath(resource: Resource, namespace?: string): string {
  const root = resource.apiVersion.includes('/')
    ? `/apis/${resource.apiVersion}`
    : `/api/${resource.apiVersion}`
  const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${root}${scope}/${resource.plural}`
}

/** `/api/v1/namespaces/NS/pods/NAME`, with a subresource behind it where one is given. */
export function objectPath(resource: Resource, ref: ObjectRef, subresource?: string): string {
  const path = `${collectionPath(resource, ref.namespace)}/${encodeURIComponent(ref.name)}`
  return subresource ? `${path}/${subresource}` : path
}

/** Splits a streamed body into its lines, without the line ends; an unfinished last line counts. */
export async function* lines(response: Response): AsyncGenerator<string> {
  let rest = ''
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split('\n')
    rest = parts.pop()!
    yield* parts
  }
  if (rest) yield rest
}

function selectors(options: ListOptions): Record<string, string | undefined> {
  return { labelSelector: options.labelSelector, fieldSelector: options.fieldSelector }
}

function query(parameters: Record<string, string | number | boolean | undefined>): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined) search.set(key, String(value))
  }
  return search.size > 0 ? `?${search}` : ''
}

function toStatus(code: number, text: string): Status {
  try {
    const body = JSON.parse(text) as Status
    if (body.kind === 'Status') return body
  } catch {
    // Something between us and the API server answered: its text is all there is.
  }
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    code,
    message: text.slice(0, 500),
  }
}
