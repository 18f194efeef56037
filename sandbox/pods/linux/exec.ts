/** One more process in a running container: what `kubectl exec` and exec probes run. */
import { pipeline } from 'node:stream/promises'
import type { Readable, Writable } from 'node:stream'
import { type ContainerRuntime, ContainerStartError } from '../runtime.ts'
import { type AppProcess, type Operation, ProcessStartError, startProcess } from './process.ts'

type Options = Parameters<ContainerRuntime['exec']>[1]

// The mount namespace is the last: after it /proc is the container's, where the engine's pids mean nothing.
const namespaces = ['ipc', 'uts', 'net', 'pid', 'mnt']

/**
 * Starts `options.argv` in the namespaces of `pid`, after the operations that the container's own process had.
 * See {@link ContainerRuntime.exec}.
 */
export async function startExec(pid: number, operations: readonly Operation[], options: Options) {
  const { argv, tty, stdin, stdout, stderr, signal } = options
  signal.throwIfAborted()
  const app = await start([
    ...(tty ? [['env', 'TERM=xterm'] as const] : []),
    // Before the joins: a control group is found where the engine is.
    ...operations,
    ...namespaces.map((name): Operation => ['join', `/proc/${pid}/ns/${name}`]),
    ...(stdin ? [['stdin'] as const] : []),
    ...(tty ? [['terminal'] as const] : []),
    ...argv.map((argument): Operation => ['arg', argument]),
  ])
  const killGroup = () => killProcessGroup(app.pid)
  signal.addEventListener('abort', killGroup)
  if (signal.aborted) killGroup()
  void feed(app, stdin)
  const drained = Promise.all([drain(app.stdout, stdout), drain(app.stderr, stderr)])
  const exitCode = app.exited.then(async ({ code, signal: number }) => {
    signal.removeEventListener('abort', killGroup)
    app.stdin?.destroy()
    await drained
    return number === 0 ? code : 128 + number
  })
  return { exitCode, resize: app.resize }
}

async function start(operations: readonly Operation[]): Promise<AppProcess> {
  try {
    return await startProcess(operations)
  } catch (error) {
    if (!(error instanceof ProcessStartError)) throw error
    const runc =
      'failed to exec in container: OCI runtime exec failed: exec failed: unable to start container process: ' +
      `${error.message}: unknown`
    throw new ContainerStartError('StartError', runc, { cause: error })
  }
}

/** The app may end before its input does, and then nobody wants the rest. */
async function feed(app: AppProcess, stdin: Readable | undefined): Promise<void> {
  if (stdin && app.stdin) await pipeline(stdin, app.stdin).catch(() => undefined)
}

/** Ends when all output has gone out, or the taker has gone: then the app learns it by SIGPIPE. */
async function drain(source: Readable, target: Writable | undefined): Promise<void> {
  if (target) await pipeline(source, target).catch(() => undefined)
  else source.resume()
}

/** The leader first would leave its children behind. The group is gone when all of it has ended before. */
function killProcessGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // It ended a moment ago.
  }
}
