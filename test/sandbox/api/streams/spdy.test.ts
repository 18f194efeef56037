/** Proves SPDY/3.1 against a client written for it, and against bytes that are none. */
import { type Duplex, duplexPair } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { once } from 'node:events'
import { constants, deflateRawSync, deflateSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { until } from '#sandbox/until.ts'
import { SPDY_DICTIONARY } from '#sandbox/api/streams/spdy-headers.ts'
import { type SpdySession, type SpdyStream, serveSpdy } from '#sandbox/api/streams/spdy.ts'

const OPEN = 1
const RESET = 3
const PING = 6
const FIN = 1

const eventually = (condition: () => boolean) => until(condition, { timeoutMs: 5_000, intervalMs: 2 })

let client: Duplex
let streams: SpdyStream[]
let session: SpdySession
let sentHeaders: boolean

beforeEach(() => {
  const [near, far] = duplexPair()
  client = near
  client.on('error', () => undefined)
  streams = []
  sentHeaders = false
  session = serveSpdy(far, (stream) => streams.push(stream))
})

describe('a stream', () => {
  it('carries headers and bytes both ways, and each half ends by itself', async () => {
    client.write(open(1, { streamType: 'data', port: '80' }))
    client.write(data(1, 'hello '))
    client.write(data(1, 'pod', FIN))
    await eventually(() => streams.length === 1)
    expect(streams[0]!.headers).toEqual({ streamtype: 'data', port: '80' })
    expect(await text(streams[0]!)).toBe('hello pod')
    streams[0]!.end('hello client')
    await eventually(() => streams[0]!.writableFinished)
    session.end()
    const received = (await buffer(client)).toString('latin1')
    expect(received).toContain(data(1, 'hello client').toString('latin1'))
    expect(received).toContain(data(1, '', FIN).toString('latin1'))
  })

  it('is one of many that come in one packet', async () => {
    client.write(
      Buffer.concat(Array.from({ length: 50 }, (_, n) => open(2 * n + 1, { requestID: String(n) }))),
    )
    await eventually(() => streams.length === 50)
    expect(streams.map(({ headers }) => Number(headers.requestid))).toEqual([...streams.keys()])
  })

  it('comes whole however its bytes are cut', async () => {
    const bytes = Buffer.concat([open(1, { streamType: 'data' }), data(1, 'abc'), data(1, 'def', FIN)])
    for (const byte of bytes) client.write(Buffer.of(byte))
    await eventually(() => streams.length === 1)
    expect(await text(streams[0]!)).toBe('abcdef')
  })

  it('that the client resets is gone, and the others go on', async () => {
    client.write(Buffer.concat([open(1, {}), open(3, {}), control(RESET, numbers(1, 5)), data(3, 'x', FIN)]))
    await eventually(() => streams.length === 2)
    await eventually(() => streams[0]!.destroyed)
    expect(streams[0]!.destroyed).toBe(true)
    expect(await text(streams[1]!)).toBe('x')
  })

  it('that is not read stops the client after a while', async () => {
    client.write(open(1, {}))
    for (let count = 0; count < 100; count++) client.write(data(1, 'x'.repeat(60_000)))
    await eventually(() => streams.length === 1)
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate)
    expect(client.writableLength).toBeGreaterThan(5_000_000)
    streams[0]!.resume()
    expect(await eventually(() => client.writableLength === 0)).toBe(true)
  })

  it('beyond 2000 is refused', async () => {
    client.write(Buffer.concat(Array.from({ length: 2001 }, (_, n) => open(2 * n + 1, {}))))
    await eventually(() => streams.length === 2000)
    session.end()
    expect((await buffer(client)).includes(control(RESET, numbers(4001, 3)))).toBe(true)
    expect(streams).toHaveLength(2000)
  })
})

it('a ping is answered', async () => {
  client.write(control(PING, numbers(7)))
  const [answer] = (await once(client, 'data')) as [Buffer]
  expect(answer).toEqual(control(PING, numbers(7)))
})

describe('a connection', () => {
  it('whose client leaves ends its streams', async () => {
    client.write(open(1, {}))
    await eventually(() => streams.length === 1)
    client.destroy()
    expect(await eventually(() => session.closed.aborted && streams[0]!.destroyed)).toBe(true)
  })

  it.each([
    ['text', () => Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a header block that is none', () => Buffer.concat([control(OPEN, Buffer.alloc(40, 0xab))])],
    ['a frame of open without a stream', () => control(OPEN, Buffer.alloc(2))],
    ['a reset without a stream', () => control(RESET, Buffer.alloc(0))],
    [
      'headers that end too early',
      () => control(OPEN, Buffer.concat([Buffer.alloc(10), pack(numbers(1, 99))])),
    ],
    [
      'a thousand million headers',
      () => control(OPEN, Buffer.concat([Buffer.alloc(10), pack(numbers(1e9))])),
    ],
    [
      'a header block of 10 MB',
      () => control(OPEN, Buffer.concat([Buffer.alloc(10), pack(Buffer.alloc(1e7))])),
    ],
  ])('that brings %s is ended', async (_what, bytes) => {
    client.resume()
    client.end(bytes())
    expect(await eventually(() => session.closed.aborted)).toBe(true)
  })

  it('survives frames for streams that are not there, and frames nobody knows', async () => {
    const odd = [
      data(9, 'x'),
      control(RESET, numbers(9, 1)),
      control(99, Buffer.alloc(3)),
      control(4, Buffer.alloc(8)),
    ]
    client.write(Buffer.concat([...odd, open(1, {}), open(1, {}), data(1, 'a', FIN), data(1, 'b')]))
    await eventually(() => streams.length === 1)
    expect(await text(streams[0]!)).toBe('a')
  })
})

it('random bytes end a connection and nothing else', async () => {
  let seed = 42
  const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648)
  for (let round = 0; round < 300; round++) {
    const [near, far] = duplexPair()
    near.on('error', () => undefined).resume()
    const one = serveSpdy(far, (stream) => stream.resume().end('answer'))
    sentHeaders = false
    const bytes = Buffer.concat([open(1, { a: 'b' }), data(1, 'abc'), open(3, {}), control(PING, numbers(1))])
    for (let flip = 0; flip < 4; flip++) bytes[random() % bytes.length] = random() % 256
    near.end(bytes)
    expect(await eventually(() => one.closed.aborted), `round ${round}`).toBe(true)
  }
})

function open(id: number, headers: Record<string, string>): Buffer {
  const pairs = Object.entries(headers)
  const block = Buffer.concat([
    numbers(pairs.length),
    ...pairs.flat().flatMap((one) => [numbers(one.length), Buffer.from(one)]),
  ])
  return control(OPEN, Buffer.concat([numbers(id, 0), Buffer.alloc(2), pack(block)]))
}

function pack(block: Buffer): Buffer {
  const options = { finishFlush: constants.Z_SYNC_FLUSH }
  const packed = sentHeaders
    ? deflateRawSync(block, options)
    : deflateSync(block, { ...options, dictionary: SPDY_DICTIONARY })
  sentHeaders = true
  return packed
}

function control(type: number, payload: Buffer): Buffer {
  return Buffer.concat([numbers(0x80030000 + type, payload.length), payload])
}

function data(id: number, payload: string, flags = 0): Buffer {
  return Buffer.concat([numbers(id, flags * 2 ** 24 + payload.length), Buffer.from(payload)])
}

function numbers(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4)
  return bytes
}
