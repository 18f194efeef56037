/** The cluster's name server: answers over UDP and TCP (RFC 1035, 4.2). */
import { createSocket } from 'node:dgram'
import { type Socket, createServer } from 'node:net'
import { type Answer, CODE, readQuestion, writeAnswer } from './dns-message.ts'

/** What a UDP message may hold without an extension; longer answers are asked again over TCP. */
const MAX_UDP_BYTES = 512
const MAX_TCP_BYTES = 65_535
/** An idle connection is closed after this long, as RFC 7766 allows. */
const IDLE_MS = 10_000

/** A name server that listens. */
export interface DnsServer {
  port: number
  stop(): Promise<void>
}

/** Listens on one port for both protocols (0: any free one); rejects when it is taken. */
export async function startDnsServer(options: {
  address: string
  port: number
  resolve(name: string, type: number): Answer
}): Promise<DnsServer> {
  const { address, resolve } = options

  function answer(message: Buffer, maxBytes: number): Buffer | undefined {
    const question = readQuestion(message)
    if (!question) return undefined
    const { opcode, name, type } = question
    const found = opcode === 0 ? resolve(name, type) : { code: CODE.notImplemented, answers: [] }
    return writeAnswer(question, found, maxBytes)
  }

  const tcp = createServer((socket) => serveConnection(socket, (message) => answer(message, MAX_TCP_BYTES)))
  await new Promise<void>((done, reject) => {
    tcp.on('error', reject).listen(options.port, address, done)
  })
  const { port } = tcp.address() as { port: number }
  const udp = createSocket('udp4')
  udp.on('message', (message, sender) => {
    const bytes = answer(message, MAX_UDP_BYTES)
    // Nobody waits for an answer that could not be sent.
    if (bytes) udp.send(bytes, sender.port, sender.address, () => undefined)
  })
  await new Promise<void>((done, reject) => {
    udp.on('error', reject).bind(port, address, done)
  })
  return {
    port,
    stop: async () => {
      await Promise.all([
        new Promise<void>((done) => udp.close(done)),
        new Promise((done) => tcp.close(done)),
      ])
    },
  }
}

/** Each message comes behind its length; what is no question ends the connection. */
function serveConnection(socket: Socket, answer: (message: Buffer) => Buffer | undefined): void {
  let pending = Buffer.alloc(0)
  socket.setTimeout(IDLE_MS, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk as Buffer])
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const size = pending.readUInt16BE(0)
      const bytes = answer(pending.subarray(2, 2 + size))
      if (!bytes) return void socket.destroy()
      const length = Buffer.alloc(2)
      length.writeUInt16BE(bytes.length)
      socket.write(Buffer.concat([length, bytes]))
      pending = pending.subarray(2 + size)
    }
  })
}
