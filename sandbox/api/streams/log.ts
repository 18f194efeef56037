/** pods/log: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-read-log-of-the-specified-pod */
import type { LogOptions } from '../node.ts'
import type { Pod } from '../../objects.ts'
import { type ApiContext, type Subresource } from '../resource.ts'
import type { Route } from '../route.ts'
import { type Cause, StatusError, invalid, invalidValue } from '../status.ts'
import { findObject } from '../verbs/read.ts'
import { chooseContainer } from './containers.ts'

/** The text of a container's output, as it comes with `follow`. */
export const log: Subresource = {
  verbs: ['get'],
  async handle(api, route, request) {
    if (request.method !== 'GET') {
      throw new StatusError(
        405,
        'MethodNotAllowed',
        'the server does not allow this method on the requested resource',
      )
    }
    const pod = findObject(api, route) as Pod
    const options = readOptions(api, route, request, chooseContainer(pod, route.query.get('container')))
    if (!pod.spec.nodeName) return new Response('', { headers: { 'content-type': 'text/plain' } })
    const body = await api.node().logs(pod, options)
    return new Response(body, { headers: { 'content-type': 'text/plain' } })
  },
}

function readOptions(
  api: ApiContext,
  { query, name = '' }: Route,
  request: Request,
  container: string,
): LogOptions {
  const causes: Cause[] = []
  function figure(parameter: string, minimum: number): number | undefined {
    const text = query.get(parameter)
    if (text === null || text === '') return undefined
    const value = Number(text)
    if (Number.isInteger(value) && value >= minimum) return value
    const detail = minimum > 0 ? 'must be greater than 0' : 'must be greater than or equal to 0'
    causes.push(invalidValue(parameter, Number.isNaN(value) ? text : value, detail))
    return undefined
  }
  const sinceSeconds = figure('sinceSeconds', 1)
  const sinceTime = query.get('sinceTime')
  const sinceTimeMs = sinceTime ? Date.parse(sinceTime) : undefined
  if (Number.isNaN(sinceTimeMs)) causes.push(invalidValue('sinceTime', sinceTime, 'must be an RFC 3339 time'))
  const options: LogOptions = {
    container,
    follow: isTrue(query, 'follow'),
    previous: isTrue(query, 'previous'),
    timestamps: isTrue(query, 'timestamps'),
    tailLines: figure('tailLines', 0),
    limitBytes: figure('limitBytes', 1),
    sinceMs: sinceSeconds === undefined ? sinceTimeMs : api.clock.now() - sinceSeconds * 1000,
    signal: request.signal,
  }
  if (causes.length > 0) throw invalid('PodLogOptions', name, causes)
  return options
}

/** Query parameters of kubectl are `true`, those of other clients may be `1`. */
function isTrue(query: URLSearchParams, name: string): boolean {
  return ['true', '1'].includes(query.get(name) ?? '')
}
