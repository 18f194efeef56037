/** Starts container.pl and speaks its protocol: one process of a container, its pipes and its end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { ContainerStartError } from '../runtime.ts'

/** One step of container.pl: the operation's name and its arguments, none with a NUL byte. */
export type Operation = readonly [name: string, ...fields: string[]]

/** A process in a container, seen from the node. */
export interface AppProcess {
  /** In the node's pid namespace; leader of its own session and process group. */
  pid: number
  /** Present when the operations had `stdin`; the app reads /dev/null otherwise. */
  stdin?: Socket
  stdout: Socket
  stderr: Socket
  /** Settles once and never rejects; output may still be on its way through the pipes. */
  exited: Promise<AppExit>
  /** Only with a terminal. */
  resize(columns: number, rows: number): void
}

/** As waitpid(2) tells it: `signal` is 0 unless one ended the process. */
export interface AppExit {
  code: number
  signal: number
}

const script = new URL('container.pl', import.meta.url).pathname
const SIGKILL = 9

/**
 * Performs the operations and becomes the program they name. Throws a ContainerStartError: `StartError` when
 * the program cannot be executed, `RunContainerError` when an operation before that fails.
 */
export async function startProcess(operations: readonly Operation[]): Promise<AppProcess> {
  const child = spawn('perl', [script, process.arch], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    env: { PATH: process.env.PATH },
  })
  const engine = child.stdio[3] as Socket
  const lines = readLines(child, engine)
  engine.write(frame(operations))
  const [word, ...rest] = (await lines.next()).split(' ')
  if (word !== 'started') throw startError(word === 'failed' ? rest : ['setup', [word, ...rest].join(' ')])
  const [pid = 0, stdin = 0, stdout = 0, stderr = 0] = rest.map(Number)
  const open = (fd: number, flags: number) => openSync(`/proc/${child.pid}/fd/${fd}`, flags | constants.O_NONBLOCK)
  const reader = (fd: number) => new Socket({ fd: open(fd, constants.O_RDONLY), readable: true, writable: false })
  const writer = (fd: number) => new Socket({ fd: open(fd, constants.O_WRONLY), readable: false, writable: true })
  const wantsStdin = operations.some(([name]) => name === 'stdin')
  const app = {
    pid,
    stdin: wantsStdin ? writer(stdin) : undefined,
    stdout: reader(stdout),
    stderr: reader(stderr),
  }
  engine.write('opened\n')
  return {
    ...app,
    exited: lines.next().then(parseExit),
    resize: (columns, rows) => void engine.write(`size ${rows} ${columns}\n`),
  }
}

function frame(operations: readonly Operation[]): Buffer {
  const body = Buffer.from(operations.flat().map((field) => `${field}\0`).join(''))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

/** Answers the next line, or an empty one when the process has gone without a word. */
function readLines(child: ChildProcess, engine: Socket): { next(): Promise<string> } {
  const lines = createInterface({ input: engine })[Symbol.asyncIterator]()
  const failure = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`cannot start perl: ${error.message}`))
  })
  engine.on('error', () => engine.destroy())
  return { next: () => Promise.race([failure, lines.next().then((line) => (line.done ? '' : line.value))]) }
}

function startError([step, ...words]: string[]): ContainerStartError {
  const message = words.join(' ') || 'container.pl ended early; the log of the engine may say why'
  const context = 'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process'
  return step === 'exec'
    ? new ContainerStartError('StartError', `${context}: error during container init: ${message}: unknown`)
    : new ContainerStartError('RunContainerError', `${context}: ${message}`)
}

function parseExit(line: string): AppExit {
  const [word, code, signal] = line.split(' ')
  // Without a word the supervisor itself was killed, and the kernel killed the app with it.
  return word === 'exited' ? { code: Number(code), signal: Number(signal) } : { code: 0, signal: SIGKILL }
}
