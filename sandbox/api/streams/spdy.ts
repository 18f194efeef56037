/** The server's half of SPDY/3.1 as kubectl uses it, without flow control: https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/ */
import { Duplex, type Readable } from 'node:stream'
import { type SpdyHeaders, createEmptyHeaderWriter, createHeaderReader } from './spdy-headers.ts'

/** One stream that the client has opened; half-closed by `end`, reset by `destroy`. */
export interface SpdyStream extends Duplex {
  readonly headers: SpdyHeaders
}

/** A connection whose streams come and go. */
export interface SpdySession {
  /** Aborted when the connection is gone, whoever ended it. */
  closed: AbortSignal
  /** Ends the connection once all that was written has left. */
  end(): void
}

interface Frame {
  /** 0 for a data frame. */
  type: number
  streamId: number
  flags: number
  payload: Buffer
}

const TYPE = { data: 0, open: 1, reply: 2, reset: 3, ping: 6, goAway: 7 } as const
const FIN = 1
const RESET = { refused: 3, cancelled: 5 } as const

/** Far above what a kubectl opens; each is memory of ours. */
const MAX_STREAMS = 2000

/**
 * Speaks SPDY on a socket and hands over each stream that the client opens. What is no SPDY ends the connection;
 * nothing is ever thrown.
 */
export function serveSpdy(socket: Duplex, onStream: (stream: SpdyStream) => void): SpdySession {
  const streams = new Map<
    number,
    { stream: SpdyStream; receive(bytes: Buffer, isLast: boolean): Promise<void> }
  >()
  const headers = createHeaderReader()
  const writeEmptyHeaders = createEmptyHeaderWriter()
  const aborter = new AbortController()

  function send(frame: Buffer, done: () => void = () => {}): void {
    if (socket.destroyed || !socket.writable) done()
    else if (socket.write(frame)) done()
    else onceWritable(socket, done)
  }

  async function take({ type, streamId, flags, payload }: Frame): Promise<void> {
    const isLast = (flags & FIN) !== 0
    if (type === TYPE.data) await streams.get(streamId)?.receive(payload, isLast)
    else if (type === TYPE.open)
      open(payload.readUInt32BE(0) & 0x7fffffff, await headers.read(payload.subarray(10)), isLast)
    else if (type === TYPE.reset) streams.get(payload.readUInt32BE(0) & 0x7fffffff)?.stream.destroy()
    else if (type === TYPE.ping) send(controlFrame(TYPE.ping, payload))
  }

  function open(id: number, streamHeaders: SpdyHeaders, isLast: boolean): void {
    if (streams.size >= MAX_STREAMS || streams.has(id)) return send(resetFrame(id, RESET.refused))
    const opened = createStream(id, streamHeaders, send, () => streams.delete(id))
    streams.set(id, opened)
    send(controlFrame(TYPE.reply, Buffer.concat([numbers(id), writeEmptyHeaders()])))
    if (isLast) void opened.receive(Buffer.alloc(0), true)
    onStream(opened.stream)
  }

  async function serve(): Promise<void> {
    try {
      for await (const frame of readFrames(socket)) await take(frame)
    } catch {
      // Not SPDY, or not any more: there is nobody to tell it to.
    } finally {
      aborter.abort()
      for (const { stream } of streams.values()) stream.destroy()
      headers.close()
      socket.destroy()
    }
  }

  socket.on('error', () => socket.destroy())
  void serve()
  return {
    closed: aborter.signal,
    end() {
      send(controlFrame(TYPE.goAway, numbers(0, 0)))
      socket.end()
    },
  }
}

function createStream(
  id: number,
  headers: SpdyHeaders,
  send: (frame: Buffer, done?: () => void) => void,
  onGone: () => void,
) {
  let isSent = false
  let isReceived = false
  let wake: (() => void) | undefined
  const duplex = new Duplex({
    read: () => wake?.(),
    write: (chunk: Buffer, _encoding, done) => send(dataFrame(id, 0, chunk), done),
    final(done) {
      isSent = true
      send(dataFrame(id, FIN, Buffer.alloc(0)), done)
    },
    destroy(error, done) {
      if (!isSent || !isReceived) send(resetFrame(id, RESET.cancelled))
      onGone()
      wake?.()
      done(error)
    },
  })
  duplex.on('error', () => undefined)
  return {
    stream: Object.assign(duplex, { headers }),
    /** Settles when the reader wants more: one slow stream slows its whole connection, as it does in kubelet. */
    async receive(bytes: Buffer, isLast: boolean): Promise<void> {
      if (isReceived || duplex.destroyed) return
      const wantsMore = bytes.length === 0 || duplex.push(bytes)
      if (isLast) {
        isReceived = true
        duplex.push(null)
      } else if (!wantsMore) await new Promise<void>((resolve) => (wake = resolve))
    },
  }
}

async function* readFrames(socket: Readable): AsyncGenerator<Frame> {
  const read = createByteReader(socket)
  for (;;) {
    const head = await read(8)
    const payload = head && (await read(head.readUIntBE(5, 3)))
    if (!payload) return
    const first = head.readUInt32BE(0)
    const isControl = first >>> 31 === 1
    yield {
      type: isControl ? first & 0xffff : TYPE.data,
      streamId: isControl ? 0 : first,
      flags: head[4]!,
      payload,
    }
  }
}

/** Answers exactly as many bytes as are asked for, or nothing when the stream ends before. */
function createByteReader(source: Readable): (size: number) => Promise<Buffer | undefined> {
  let wake: (() => void) | undefined
  for (const event of ['readable', 'end', 'close']) source.on(event, () => wake?.())
  return async (size) => {
    if (size === 0) return Buffer.alloc(0)
    for (;;) {
      const bytes = source.read(size) as Buffer | null
      if (bytes?.length === size) return bytes
      if (bytes || source.readableEnded || source.destroyed) return undefined
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
}

function onceWritable(socket: Duplex, done: () => void): void {
  const settle = () => {
    socket.off('drain', settle).off('close', settle)
    done()
  }
  socket.on('drain', settle).on('close', settle)
}

function controlFrame(type: number, payload: Buffer): Buffer {
  return Buffer.concat([numbers(0x80030000 + type, payload.length), payload])
}

function dataFrame(id: number, flags: number, payload: Buffer): Buffer {
  return Buffer.concat([numbers(id, flags * 2 ** 24 + payload.length), payload])
}

function resetFrame(id: number, status: number): Buffer {
  return controlFrame(TYPE.reset, numbers(id, status))
}

function numbers(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4)
  return bytes
}
