/** An API server in memory with one node, whose containers are played by the test. */
import { type Api, createApi } from '#sandbox/api/server.ts'
import type { NodeStreams } from '#sandbox/api/node.ts'
import { KubernetesClient } from '#sandbox/client.ts'
import { type Clock, systemClock } from '#sandbox/clock.ts'
import type { Manifest, Status } from '#sandbox/objects.ts'
import { type Store, type StoreOptions, createStore } from '#sandbox/store.ts'

/** What a test holds in its hands. */
export interface TestApi {
  api: Api
  store: Store
  client: KubernetesClient
  /** One request and its JSON answer, whatever its status. */
  call<T = Record<string, unknown>>(method: string, path: string, init?: CallInit): Promise<Answer<T>>
}

/** A body that is no text is sent as JSON. */
export interface CallInit {
  body?: unknown
  type?: string
  accept?: string
  signal?: AbortSignal
}

/** An answer with its body read. */
export interface Answer<T> {
  code: number
  headers: Headers
  body: T & Partial<Status>
}

const nothing: NodeStreams = {
  logs: () => Promise.reject(new Error('this test has no logs')),
  exec: () => Promise.reject(new Error('this test runs nothing')),
  attach: () => Promise.reject(new Error('this test runs nothing')),
  connect: () => Promise.reject(new Error('this test has no ports')),
  forward: () => Promise.reject(new Error('this test has no ports')),
}

/** A new API server; what it asks of its node is answered by `node`. */
export async function createTestApi(
  options: {
    clock?: Clock
    node?: Partial<NodeStreams>
    store?: StoreOptions
    signingKey?: Promise<string>
  } = {},
): Promise<TestApi> {
  const store = createStore(options.store)
  const node = { ...nothing, ...options.node }
  const api = await createApi({
    store,
    clock: options.clock ?? systemClock,
    node: () => node,
    signingKey: options.signingKey,
  })
  return {
    api,
    store,
    client: new KubernetesClient(api.handle),
    async call<T>(method: string, path: string, init: CallInit = {}) {
      const { body, type = 'application/json', accept = 'application/json', signal } = init
      const isRaw = typeof body === 'string' || body instanceof Uint8Array
      const response = await api.handle(
        new Request(new URL(path, 'http://cluster'), {
          method,
          signal,
          headers: { accept, ...(body === undefined ? {} : { 'content-type': type }) },
          body: body === undefined ? undefined : isRaw ? (body as string) : JSON.stringify(body),
        }),
      )
      return {
        code: response.status,
        headers: response.headers,
        body: (await response.json()) as T & Partial<Status>,
      }
    },
  }
}

/** A pod of one container, with whatever else its spec shall hold. */
export function podManifest(name: string, spec: Record<string, unknown> = {}): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'app', image: 'busybox:1.36' }], ...spec },
  }
}
