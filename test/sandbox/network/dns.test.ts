/** Proves the cluster's name server with Node's own resolver (c-ares), and with messages that no resolver sends. */
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolveName } from '#sandbox/network/dns-names.ts'
import { type DnsServer, startDnsServer } from '#sandbox/network/dns-server.ts'
import { createFakeServices } from '../../helpers/fake-services.ts'

const many = Array.from({ length: 100 }, (_, index) => `10.244.9.${index}`)
const table = createFakeServices([
  { name: 'web', clusterIP: '10.96.7.7', ports: ['http:80>8080'], endpoints: ['10.244.0.5'] },
  { name: 'db', clusterIP: 'None', ports: ['sql:5432>5432'], endpoints: ['zero@10.244.0.6', '10.244.0.7'] },
  { name: 'idle', clusterIP: 'None', ports: [':80>80'], endpoints: [] },
  { name: 'many', namespace: 'big', clusterIP: 'None', ports: [], endpoints: many },
])
const resolver = new Resolver({ timeout: 2_000, tries: 1 })
let server: DnsServer

beforeAll(async () => {
  const resolve = (name: string, type: number) => resolveName(table, name, type)
  server = await startDnsServer({ address: '127.0.0.1', port: 0, resolve })
  resolver.setServers([`127.0.0.1:${server.port}`])
})
afterAll(() => server.stop())

const codeOf = (promise: Promise<unknown>) => promise.then(String, (error: { code: string }) => error.code)

// https://github.com/kubernetes/dns/blob/master/docs/specification.md
describe('a name of the cluster', () => {
  it('of a Service is its address', async () => {
    expect(await resolver.resolve4('web.default.svc.cluster.local')).toEqual(['10.96.7.7'])
    expect(await resolver.resolve4('WEB.default.svc.Cluster.local')).toEqual(['10.96.7.7'])
  })

  it('of a headless Service is each pod that is ready', async () => {
    const addresses = await resolver.resolve4('db.default.svc.cluster.local')
    expect(addresses.sort()).toEqual(['10.244.0.6', '10.244.0.7'])
    expect(await codeOf(resolver.resolve4('idle.default.svc.cluster.local'))).toBe('ENODATA')
  })

  it('of a pod behind a headless Service is its hostname, or its address', async () => {
    expect(await resolver.resolve4('zero.db.default.svc.cluster.local')).toEqual(['10.244.0.6'])
    expect(await resolver.resolve4('10-244-0-7.db.default.svc.cluster.local')).toEqual(['10.244.0.7'])
    expect(await resolver.resolve4('10-244-0-7.default.pod.cluster.local')).toEqual(['10.244.0.7'])
  })

  it('of a named port tells host and port', async () => {
    expect(await resolver.resolveSrv('_http._tcp.web.default.svc.cluster.local')).toMatchObject([
      { name: 'web.default.svc.cluster.local', port: 80, priority: 0, weight: 100 },
    ])
    const targets = await resolver.resolveSrv('_sql._tcp.db.default.svc.cluster.local')
    expect(targets.map(({ name, port }) => `${name}:${port}`)).toEqual([
      'zero.db.default.svc.cluster.local:5432',
      '10-244-0-7.db.default.svc.cluster.local:5432',
    ])
  })

  it('that is there has no address of another kind, and that is no error', async () => {
    expect(await codeOf(resolver.resolve6('web.default.svc.cluster.local'))).toBe('ENODATA')
  })

  it('with more addresses than a datagram holds is asked again over TCP', async () => {
    expect(await resolver.resolve4('many.big.svc.cluster.local')).toHaveLength(100)
  })

  it.each([
    'none.default.svc.cluster.local',
    'web.other.svc.cluster.local',
    'web.default.svc.cluster.local.default.svc.cluster.local',
    'one.web.default.svc.cluster.local',
    '_sql._tcp.web.default.svc.cluster.local',
    '_http._udp.web.default.svc.cluster.local',
    'default.svc.cluster.local',
    'cluster.local',
    '10-244-0-999.default.pod.cluster.local',
  ])('that is not there is no name: %s', async (name) => {
    expect(await codeOf(resolver.resolve4(name))).toBe('ENOTFOUND')
  })

  it('of the world is refused at once', async () => {
    expect(await codeOf(resolver.resolve4('example.com'))).toBe('EREFUSED')
  })
})

describe('a message that is no question', () => {
  const broken = [
    Buffer.alloc(0),
    Buffer.alloc(11),
    Buffer.from('000101000001000000000000', 'hex'),
    Buffer.from(`000101000001000000000000${'3f'.repeat(10)}`, 'hex'),
    Buffer.from('000101000001000000000000c00c00010001', 'hex'),
    Buffer.from('000181800001000000000000000001 0001'.replace(' ', ''), 'hex'),
    Buffer.alloc(5_000, 0xff),
  ]

  it('is not answered, and the next one is', async () => {
    const socket = createSocket('udp4')
    for (const message of broken) socket.send(message, server.port, '127.0.0.1')
    expect(await resolver.resolve4('web.default.svc.cluster.local')).toEqual(['10.96.7.7'])
    socket.close()
  })

  it('ends a connection', async () => {
    for (const message of broken) {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(message.length)
      const socket = connect(server.port, '127.0.0.1')
      socket.end(Buffer.concat([length, message]))
      socket.resume()
      await new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve))
    }
    expect(await resolver.resolve4('many.big.svc.cluster.local')).toHaveLength(100)
  })
})
