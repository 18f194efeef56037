/** Command channels over WebSocket: https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/4006-transition-spdy-to-websockets */
import { PassThrough, Writable } from 'node:stream'
import type { WebSocket } from 'ws'
import { type CommandChannels, type WantedStreams, createResizeQueue } from './command-channels.ts'
import { bytesOf } from './web-socket.ts'

/** Best first: v5 adds the message that closes standard input. */
export const WEB_SOCKET_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io']

/** First byte of every message. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const

/** Reads and writes the messages of an exec or attach. */
export function openWebSocketChannels(webSocket: WebSocket, wanted: WantedStreams): CommandChannels {
  const aborter = new AbortController()
  const stdin = wanted.stdin ? new PassThrough() : undefined
  const resizes = createResizeQueue()
  webSocket.on('error', () => aborter.abort())
  webSocket.on('close', () => {
    aborter.abort()
    stdin?.end()
  })
  webSocket.on('message', (data) => {
    const message = bytesOf(data)
    const [channel, bytes] = [message[0], message.subarray(1)]
    if (channel === CHANNEL.stdin && stdin && !stdin.writableEnded) {
      if (stdin.write(bytes)) return
      webSocket.pause()
      stdin.once('drain', () => webSocket.resume())
    } else if (channel === CHANNEL.close && bytes[0] === CHANNEL.stdin) stdin?.end()
    else if (channel === CHANNEL.resize) resizes.take(bytes)
  })
  return {
    stdin,
    stdout: wanted.stdout ? channelWriter(webSocket, CHANNEL.stdout) : undefined,
    stderr: wanted.stderr ? channelWriter(webSocket, CHANNEL.stderr) : undefined,
    signal: aborter.signal,
    onResize: resizes.onResize,
    finish(status) {
      webSocket.send(Buffer.concat([Buffer.of(CHANNEL.status), Buffer.from(JSON.stringify(status))]))
      webSocket.close(1000)
    },
  }
}

/** A writer waits while this many bytes are still on their way to the client. */
const MAX_BUFFERED_BYTES = 1024 * 1024

/** Writes one channel; a slow client slows the writer. */
export function channelWriter(webSocket: WebSocket, channel: number): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const message = Buffer.concat([Buffer.of(channel), chunk])
      if (webSocket.bufferedAmount < MAX_BUFFERED_BYTES) {
        webSocket.send(message)
        done()
      } else webSocket.send(message, () => done())
    },
  })
}
