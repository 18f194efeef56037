/** Proves HTTP through the API server to a port of a pod, over a real socket. */
import { type IncomingMessage, type Server, createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PODS } from '#sandbox/client.ts'
import { type TestApi, createTestApi, podManifest } from '../../../helpers/test-api.ts'

let test: TestApi
let server: Server
let ports: number[]
let seen: { request: IncomingMessage; body: string } | undefined

beforeEach(async () => {
  ports = []
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      seen = { request, body }
      response.writeHead(request.url === '/teapot' ? 418 : 200, { 'x-from': 'pod' })
      response.end(`${request.method} ${request.url}`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: realPort } = server.address() as AddressInfo
  test = await createTestApi({
    node: {
      connect(_pod, port) {
        ports.push(port)
        return Promise.resolve(connect(realPort, '127.0.0.1'))
      },
    },
  })
  const declared = [{ containerPort: 8080, name: 'http' }]
  await test.client.create(
    PODS,
    podManifest('web', { containers: [{ name: 'app', image: 'a:1', ports: declared }] }),
  )
})

afterEach(() => {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(resolve))
})

const fetchPod = (path: string, init?: RequestInit) =>
  test.api.handle(new Request(`http://cluster/api/v1/namespaces/default/pods/${path}`, init))

describe('a pod’s port', () => {
  it('is the one asked for, by number or name, else the first that is declared', async () => {
    for (const name of ['web', 'web:http', 'web:7979']) await (await fetchPod(`${name}/proxy/`)).text()
    expect(ports).toEqual([8080, 8080, 7979])
    expect((await fetchPod('web:nothing/proxy/')).status).toBe(400)
    expect((await fetchPod('none/proxy/')).status).toBe(404)
  })

  it('gets path, query, method and body, but not the token', async () => {
    const response = await fetchPod('web/proxy/a%2Fb/c?x=1&y=%20', {
      method: 'PUT',
      body: 'hello',
      headers: { authorization: 'Bearer secret', 'x-mine': 'yes' },
    })
    expect(await response.text()).toBe('PUT /a%2Fb/c?x=1&y=%20')
    expect(response.headers.get('x-from')).toBe('pod')
    expect(seen?.body).toBe('hello')
    expect(seen?.request.headers).toMatchObject({ 'x-mine': 'yes' })
    expect(seen?.request.headers).not.toHaveProperty('authorization')
  })

  it('answers with its own status', async () => {
    expect((await fetchPod('web/proxy/teapot')).status).toBe(418)
    const head = await fetchPod('web/proxy/', { method: 'HEAD' })
    expect([head.status, head.body]).toEqual([200, null])
  })

  it('that breaks off is a 503', async () => {
    server.removeAllListeners('request').on('request', (request: IncomingMessage) => request.socket.destroy())
    const response = await fetchPod('web/proxy/')
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('error trying to reach service')
  })
})
