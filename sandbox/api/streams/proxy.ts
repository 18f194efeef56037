/** pods/proxy: HTTP to a port of a pod through the API server. */
import { request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import type { Pod } from '../../objects.ts'
import type { Subresource } from '../resource.ts'
import { StatusError, badRequest } from '../status.ts'
import { findObject } from '../verbs/read.ts'
import type { Route } from '../route.ts'

/** Headers that concern one connection (RFC 9110, 7.6.1), or that open the API and not the pod. */
const NOT_PASSED = new Set([
  'authorization',
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** `…/pods/NAME[:PORT]/proxy/PATH`; without a port it is the first that the pod declares, else 80. */
export const proxy: Subresource = {
  verbs: ['create', 'delete', 'get', 'patch', 'update'],
  kind: 'PodProxyOptions',
  async handle(api, route, request) {
    const { pod, port } = findTarget(route, (name) => findObject(api, { ...route, name }) as Pod)
    const socket = await api.node().connect(pod, port)
    const { search } = new URL(request.url)
    const headers = Object.fromEntries([...request.headers].filter(([name]) => !NOT_PASSED.has(name)))
    return await new Promise<Response>((resolve, reject) => {
      const outgoing = httpRequest({
        createConnection: () => socket,
        method: request.method,
        path: `/${route.rest}${search}`,
        headers: {
          ...headers,
          host: `${pod.status.podIP ?? pod.metadata.name}:${port}`,
          connection: 'close',
        },
        signal: request.signal,
      })
      outgoing.once('error', (error) => {
        socket.destroy()
        reject(unreachable(error))
      })
      outgoing.once('response', (incoming) => {
        const passed = new Headers()
        for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
          const name = incoming.rawHeaders[at]!
          if (!NOT_PASSED.has(name.toLowerCase())) passed.append(name, incoming.rawHeaders[at + 1]!)
        }
        const { statusCode: status = 502 } = incoming
        const isBodyless = [101, 204, 205, 304].includes(status) || request.method === 'HEAD'
        if (isBodyless) incoming.resume()
        const body = isBodyless ? null : (Readable.toWeb(incoming) as unknown as ReadableStream)
        resolve(new Response(body, { status, headers: passed }))
      })
      if (request.body) Readable.fromWeb(request.body as never).pipe(outgoing)
      else outgoing.end()
    })
  },
}

function findTarget(route: Route, find: (name: string) => Pod): { pod: Pod; port: number } {
  const [name = '', text, ...rest] = (route.name ?? '').split(':')
  if (rest.length > 0) throw badRequest(`invalid pod request "${route.name}"`)
  const pod = find(name)
  const declared = pod.spec.containers.flatMap((container) => container.ports ?? [])
  const named = declared.find((port) => port.name === text)?.containerPort
  const port = text ? (named ?? Number(text)) : (declared[0]?.containerPort ?? 80)
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw badRequest(`invalid port "${text}"`)
  return { pod, port }
}

function unreachable(error: Error): StatusError {
  return new StatusError(503, 'ServiceUnavailable', `error trying to reach service: ${error.message}`)
}
