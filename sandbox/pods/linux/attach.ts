/** The streams of a container's main process for whoever attaches: `kubectl attach` and `kubectl run -i`. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { ContainerExit, ContainerRuntime, ContainerSpec, StreamSession } from '../runtime.ts'
import type { AppProcess } from './process.ts'

type Options = Parameters<ContainerRuntime['attach']>[1]

/** Whoever reads so slowly that this much waits for them is let go: the container must not wait. */
const maxWaitingBytes = 4 * 1024 * 1024

/** See {@link ContainerRuntime.attach}. */
export function attachTo(
  app: AppProcess,
  exited: Promise<ContainerExit>,
  stdinMode: ContainerSpec['stdin'],
  { stdin, stdout, stderr, signal }: Options,
): StreamSession {
  const leaving = signal.aborted ? Promise.resolve() : once(signal, 'abort').then(() => undefined)
  const takers = [tee(app.stdout, stdout), tee(app.stderr, stderr)]
  if (stdin && app.stdin) {
    const target = app.stdin
    stdin.on('error', () => undefined)
    stdin.pipe(target, { end: stdinMode === 'once' })
    void leaving.then(() => {
      stdin.unpipe(target)
      if (stdinMode === 'once') target.end()
    })
  }
  const exitCode = Promise.race([exited.then((exit) => exit.exitCode), leaving.then(() => 0)]).then(
    (code) => {
      for (const take of takers) take.end()
      return code
    },
  )
  return { exitCode, resize: app.resize }
}

function tee(source: AppProcess['stdout'], target: Writable | undefined) {
  if (!target) return { end: () => undefined }
  const pass = (chunk: Buffer) => {
    target.write(chunk)
    if (target.writableLength > maxWaitingBytes) end()
  }
  const end = () => {
    source.off('data', pass)
    target.end()
  }
  target.on('error', end)
  source.on('data', pass)
  return { end }
}
