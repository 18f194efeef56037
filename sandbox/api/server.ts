/** The API server: a function from Request to Response; listening is another file's affair. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'
import type { Store } from '../store.ts'
import { json, jsonText, refusal } from './answer.ts'
import { createBuiltIns } from './built-ins.ts'
import { discover } from './discovery.ts'
import type { NodeStreams } from './node.ts'
import { createOpenApi } from './openapi.ts'
import { type ApiContext, type ResourceDefinition, type Subresource, loadResources } from './resource.ts'
import { type Route, parseRoute } from './route.ts'
import { StatusError, qualified, statusOf } from './status.ts'
import { deleteCollection, deleteRoute } from './verbs/delete.ts'
import { getObject, listObjects } from './verbs/read.ts'
import { watchObjects } from './verbs/watch.ts'
import { type UpdateScope, replaceObject } from './verbs/update.ts'
import { createObject } from './verbs/create.ts'
import { patchRoute } from './verbs/patch.ts'
import { createTokens } from './tokens.ts'
import { KUBERNETES_VERSION } from './version.ts'

/** What an API server is made of. */
export interface ApiOptions {
  store: Store
  clock: Clock
  /** Asked at each use, so that the node may be made after the API. */
  node: () => NodeStreams
  /** PEM text of the EC P-256 key that signs tokens of ServiceAccounts; a new one for each server unless given. */
  signingKey?: Promise<string>
}

/** A running API server, without a port. Nobody is asked for a token here: `listen.ts` does that. */
export interface Api {
  /** Never rejects: what goes wrong is a Status. */
  handle(request: Request): Promise<Response>
  /** Whether a bearer token is one of a ServiceAccount. */
  acceptsToken(token: string): boolean
  /** Takes over the socket of an HTTP upgrade: exec, attach or port-forward. Never throws. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>
}

/** Makes an API server over a store, with the objects that every cluster has. */
export async function createApi(options: ApiOptions): Promise<Api> {
  const resources = await loadResources()
  const { store, clock, node, signingKey } = options
  const tokens = createTokens(store, clock, signingKey)
  const api: ApiContext = { store, clock, node, resources, openApi: createOpenApi(resources), tokens }
  createBuiltIns(api)
  return {
    acceptsToken: tokens.accepts,
    async handle(request) {
      try {
        return await answer(api, request)
      } catch (error) {
        return refusal(statusOf(error))
      }
    },
    async upgrade(request, socket, head) {
      // Loaded on first use: a WebSocket server is not needed to be ready.
      const { upgradeToStream } = await import('./streams/upgrade.ts')
      await upgradeToStream(api, request, socket, head)
    },
  }
}

async function answer(api: ApiContext, request: Request): Promise<Response> {
  const url = new URL(request.url)
  const { pathname } = url
  if (request.method === 'GET') {
    if (['/readyz', '/livez', '/healthz'].includes(pathname)) return new Response('ok')
    if (pathname === '/version') return json(KUBERNETES_VERSION)
    if (pathname === '/openapi/v3') return json(api.openApi.index())
    if (pathname.startsWith('/openapi/v3/')) {
      const document = api.openApi.document(pathname.slice('/openapi/v3/'.length))
      if (document) return jsonText(document)
    }
    const discovered = discover(pathname, request, api.resources)
    if (discovered) return discovered
  }
  const route = parseRoute(url, api.resources)
  if (!route) throw notServed(api, pathname)
  return await dispatch(api, route, request)
}

async function dispatch(api: ApiContext, route: Route, request: Request): Promise<Response> {
  const { resource, name, subresource } = route
  if (name === undefined) return await dispatchCollection(api, route, request)
  const special = subresourceOf(resource, subresource)
  if (special) return await special.handle(api, route, request)
  if (subresource !== undefined && !(subresource === 'status' && resource.hasStatus)) {
    throw notServed(api, new URL(request.url).pathname)
  }
  const scope: UpdateScope = subresource === 'status' ? 'status' : 'object'
  switch (request.method) {
    case 'GET':
      return getObject(api, route, request)
    case 'PUT':
      return await replaceObject(api, route, request, scope)
    case 'PATCH':
      return await patchRoute(api, route, request, scope)
    case 'DELETE':
      if (scope === 'object') return await deleteRoute(api, route, request)
  }
  throw methodNotAllowed(request.method, route)
}

/** `constructor` and the like are in every object, and are subresources of none. */
function subresourceOf({ subresources = {} }: ResourceDefinition, name = ''): Subresource | undefined {
  return Object.hasOwn(subresources, name) ? subresources[name] : undefined
}

async function dispatchCollection(api: ApiContext, route: Route, request: Request): Promise<Response> {
  const isWatch = ['true', '1'].includes(route.query.get('watch') ?? '')
  switch (request.method) {
    case 'GET':
      return isWatch ? watchObjects(api, route, request) : listObjects(api, route, request)
    case 'POST':
      if (!route.resource.namespaced || route.namespace) return await createObject(api, route, request)
      break
    case 'DELETE':
      if (!route.resource.namespaced || route.namespace) return await deleteCollection(api, route, request)
  }
  throw methodNotAllowed(request.method, route)
}

function methodNotAllowed(method: string, { resource, subresource }: Route): StatusError {
  const what = subresource ? `${qualified(resource)}/${subresource}` : qualified(resource)
  const message = `the server does not allow this method on the requested resource: ${method} ${what}`
  return new StatusError(405, 'MethodNotAllowed', message)
}

function notServed(api: ApiContext, pathname: string): StatusError {
  const served = api.resources.map(qualified).join(', ')
  return new StatusError(
    404,
    'NotFound',
    `the server could not find the requested resource: ${pathname}. The embedded cluster serves ${served}; for the rest run \`npm run cluster up kind\``,
    {},
  )
}
