/** Proves the way of a connection from a Service's address to its endpoints, on this machine's own 127.0.0.0/8. */
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { createServiceProxy } from '#sandbox/network/service-proxy.ts'
import { type FakeService, createFakeServices } from '../../helpers/fake-services.ts'

const WEB = { namespace: 'default', name: 'web' }
const servers: Server[] = []
const proxy = createServiceProxy()
const services: FakeService[] = []
const table = createFakeServices(services)

afterEach(() => {
  proxy.stop()
  for (const server of servers.splice(0)) server.close()
})

/** A Service on an address of this test's own, in front of endpoints that do what `onConnection` says. */
async function serve(endpoints: string[], onConnection: (socket: Socket, endpoint: string) => void) {
  const port = await listen('127.0.0.1', 0, () => undefined)
  for (const ip of endpoints) await listen(ip, port, (socket) => onConnection(socket, ip))
  const service = { ...WEB, clusterIP: `127.96.0.${servers.length}`, ports: [`:${port}>${port}`], endpoints }
  services.splice(0, services.length, service)
  proxy.update(WEB, table)
  return { service, dial: () => connect({ host: service.clusterIP, port, allowHalfOpen: true }) }
}

async function listen(ip: string, port: number, onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, onConnection)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(port, ip, resolve))
  return (server.address() as AddressInfo).port
}

const outcome = (socket: Socket) => text(socket).catch((error: { code: string }) => error.code)

describe('connections to a Service', () => {
  it('go to its endpoints in turn', async () => {
    const { dial } = await serve(['127.1.0.1', '127.1.0.2'], (socket, endpoint) => socket.end(endpoint))
    const answers = []
    for (let turn = 0; turn < 4; turn++) answers.push(await outcome(dial()))
    expect(answers).toEqual(['127.1.0.1', '127.1.0.2', '127.1.0.1', '127.1.0.2'])
  })

  it('carry both ways, and each half ends by itself', async () => {
    const { dial } = await serve(
      ['127.1.0.1'],
      (socket) => void text(socket).then((said) => socket.end(said)),
    )
    const socket = dial()
    const said = 'x'.repeat(5_000_000)
    socket.end(said)
    expect(await outcome(socket)).toBe(said)
  })

  it('are refused without a ready endpoint, and open ones go on', async () => {
    const { service, dial } = await serve(['127.1.0.1'], (socket) => socket.pipe(socket))
    const early = dial()
    early.write('a')
    await new Promise((resolve) => early.once('data', resolve))
    service.endpoints = []
    proxy.update(WEB, table)
    expect(await outcome(dial())).toBe('ECONNREFUSED')
    early.end('b')
    expect(await outcome(early)).toBe('b')
    service.endpoints = ['127.1.0.1']
    proxy.update(WEB, table)
    const late = dial()
    late.end('c')
    expect(await outcome(late)).toBe('c')
  })

  it('are reset when the endpoint does not answer or breaks off', async () => {
    const { service, dial } = await serve(['127.1.0.1'], (socket) => socket.resetAndDestroy())
    expect(await outcome(dial())).toBe('ECONNRESET')
    service.endpoints = ['127.1.0.9']
    expect(await outcome(dial())).toBe('ECONNRESET')
  })

  it('end with the Service', async () => {
    const { dial } = await serve(['127.1.0.1'], (socket) => socket.end('here'))
    services.length = 0
    proxy.update(WEB, table)
    expect(await outcome(dial())).toBe('ECONNREFUSED')
  })
})
