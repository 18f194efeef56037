/** Starts container.pl and speaks its protocol: one process of a container, its pipes and its end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { constants, openSync } from 'node:fs'
import { Socket } from 'node:net'

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

/** Why a program could not be started, in runc's words as far as it has any. */
export class ProcessStartError extends Error {
  /** `exec` when the program itself is the trouble, `setup` for all that comes before it. */
  readonly step: 'setup' | 'exec'

  constructor(step: ProcessStartError['step'], message: string) {
    super(message)
    this.name = 'ProcessStartError'
    this.step = step
  }
}

/** Performs the operations and becomes the program they name. Throws a ProcessStartError. */
export async function startProcess(operations: readonly Operation[]): Promise<AppProcess> {
  const child = spawnContainerScript([], 'inherit')
  const { engine, lines } = child
  engine.write(frame(operations))
  const fds = parseStart(await lines.next())
  const open = (fd: number, flags: number) =>
    openSync(`/proc/${child.process.pid}/fd/${fd}`, flags | constants.O_NONBLOCK)
  const reader = (fd: number) =>
    new Socket({ fd: open(fd, constants.O_RDONLY), readable: true, writable: false })
  const writer = (fd: number) =>
    new Socket({ fd: open(fd, constants.O_WRONLY), readable: false, writable: true })
  const app = {
    pid: fds.pid,
    stdin: operations.some(([name]) => name === 'stdin') ? writer(fds.stdin) : undefined,
    stdout: reader(fds.stdout),
    stderr: reader(fds.stderr),
  }
  engine.write('opened\n')
  return {
    ...app,
    exited: lines.next().then(parseExit),
    resize: (columns, rows) => void engine.write(`size ${rows} ${columns}\n`),
  }
}

/**
 * Whether a program would start, with `launcher` as the command in front of container.pl. Nothing of it is left
 * afterwards. Answers what was wrong: the launcher's own words or a ProcessStartError's.
 */
export async function tryProcess(
  launcher: readonly string[],
  operations: readonly Operation[],
): Promise<string | undefined> {
  const { process, engine, lines } = spawnContainerScript(launcher, 'pipe')
  let words = ''
  process.stderr?.on('data', (chunk: Buffer) => (words += chunk))
  const closed = new Promise((resolve) => process.once('close', resolve))
  engine.write(frame(operations))
  const line = await lines.next()
  process.kill('SIGKILL')
  await closed
  return line.startsWith('started ') ? undefined : words.trim() || line || 'it ended without a word'
}

function spawnContainerScript(launcher: readonly string[], stderr: 'inherit' | 'pipe') {
  const [file = 'perl', ...args] = [...launcher, 'perl', script, process.arch]
  const child = spawn(file, args, {
    stdio: ['ignore', 'ignore', stderr, 'pipe'],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  })
  const engine = child.stdio[3] as Socket
  return { process: child, engine, lines: readLines(child, engine) }
}

function frame(operations: readonly Operation[]): Buffer {
  const fields = operations.flat().map((field) => `${field}\0`)
  const body = Buffer.from(fields.join(''))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

/** Answers the next line, or an empty one when the process has gone without a word. */
function readLines(child: ChildProcess, engine: Socket): { next(): Promise<string> } {
  const lines = linesOf(engine)
  const failure = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`failed setup cannot start perl: ${error.message}`))
  })
  return { next: () => Promise.race([failure, lines.next().then(({ value }) => value ?? '')]) }
}

async function* linesOf(engine: Socket): AsyncGenerator<string, undefined> {
  // A write to a process that has gone fails like this too; its last line or its end says more.
  engine.on('error', () => undefined)
  let text = ''
  try {
    for await (const chunk of engine) {
      const lines = (text + String(chunk)).split('\n')
      text = lines.pop() ?? ''
      yield* lines
    }
  } catch {
    // Gone.
  }
  return undefined
}

function parseStart(line: string): { pid: number; stdin: number; stdout: number; stderr: number } {
  const [word, ...rest] = line.split(' ')
  if (word === 'started') {
    const [pid = 0, stdin = 0, stdout = 0, stderr = 0] = rest.map(Number)
    return { pid, stdin, stdout, stderr }
  }
  const [step, ...words] = word === 'failed' ? rest : []
  throw new ProcessStartError(
    step === 'exec' ? 'exec' : 'setup',
    words.join(' ') || `container.pl ended early (${line}); the engine's log may say why`,
  )
}

function parseExit(line: string): AppExit {
  const [word, code, signal] = line.split(' ')
  // Without a word the supervisor itself was killed, and the kernel killed the app with it.
  return word === 'exited' ? { code: Number(code), signal: Number(signal) } : { code: 0, signal: SIGKILL }
}
