/** Command channels over SPDY, remote command protocol v4: https://pkg.go.dev/k8s.io/apimachinery/pkg/util/remotecommand */
import type { Duplex } from 'node:stream'
import type { Clock } from '../../clock.ts'
import { badRequest } from '../status.ts'
import { type CommandChannels, type WantedStreams, createResizeQueue } from './command-channels.ts'
import { type SpdyStream, serveSpdy } from './spdy.ts'

/** What `X-Stream-Protocol-Version` may ask for. */
export const SPDY_COMMAND_PROTOCOLS = ['v4.channel.k8s.io']

/** As long as kubelet waits for the client to open all streams. */
const OPENING_MS = 30_000

/** Waits until the client has opened its streams; throws when it does not. */
export async function openSpdyChannels(
  clock: Clock,
  socket: Duplex,
  wanted: WantedStreams,
): Promise<CommandChannels> {
  const opened = new Map<string, SpdyStream>()
  const names = ['error', ...(['stdin', 'stdout', 'stderr'] as const).filter((name) => wanted[name])]
  const { promise: complete, resolve, reject } = Promise.withResolvers<void>()
  const resizes = createResizeQueue()
  const session = serveSpdy(socket, (stream) => {
    const name = stream.headers.streamtype ?? ''
    // Each size is one line of JSON in one frame.
    if (name === 'resize') return void stream.on('data', resizes.take)
    if (!names.includes(name) || opened.has(name)) return void stream.destroy()
    opened.set(name, stream)
    if (names.every((each) => opened.has(each))) resolve()
  })
  session.closed.addEventListener('abort', () => reject(badRequest('the client left')))
  const cancel = clock.schedule(OPENING_MS, () => {
    reject(badRequest('timed out waiting for client to create streams'))
  })
  try {
    await complete
  } catch (error) {
    session.end()
    throw error
  } finally {
    cancel()
  }
  return {
    stdin: opened.get('stdin'),
    stdout: opened.get('stdout'),
    stderr: opened.get('stderr'),
    signal: session.closed,
    onResize: resizes.onResize,
    finish(status) {
      opened.get('error')!.end(JSON.stringify(status), () => session.end())
    },
  }
}
