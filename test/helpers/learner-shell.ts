/** Types what a lesson tells the learner to type, into bash, and keeps what comes. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { until } from '#sandbox/until.ts'

/** The commands of one fence, split where they can be repeated. */
export interface Script {
  /** What acts; typed once. */
  acts: string
  /** The commands behind it that only read; they may be typed again until what is expected comes. */
  reads: string
  /** Whether the last of them runs on until Ctrl-C. */
  follows: boolean
  /** Lines that begin with `npm run`: looked up, not typed. */
  npm: string[]
}

/** What came of some commands. */
export interface Typed {
  /** Of both outputs, in order. */
  output: string
  /** The first that is not 0; null for what had to be ended. */
  exitCode: number | null
}

/** Reads a fence as bash does: a command ends where bash would run it. */
export function readScript(script: string): Script {
  const all = commandsIn(script)
  const npm = all.filter((command) => command.startsWith('npm run'))
  const typed = all.filter((command) => !npm.includes(command))
  const firstRead = typed.findLastIndex((command) => !READS.test(command)) + 1
  return {
    acts: typed.slice(0, firstRead).join('\n'),
    reads: typed.slice(firstRead).join('\n'),
    follows: FOLLOWS.test(typed.at(-1) ?? ''),
    npm,
  }
}

/** Types commands in `cwd`. They are ended when `isEnough` likes what has come, or at the deadline. */
export async function type(
  commands: string,
  options: {
    cwd: string
    env: Record<string, string>
    timeoutMs: number
    isEnough?(output: string): boolean | Promise<boolean>
  },
): Promise<Typed> {
  const { cwd, env, timeoutMs, isEnough } = options
  const child = spawn('bash', ['-euc', `exec 2>&1\n${commands}`], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
    // A group of its own, so that what it started ends with it.
    detached: true,
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  const closed = once(child, 'close') as Promise<[number | null]>
  const hasExited = () => child.exitCode !== null || child.signalCode !== null
  await until(async () => hasExited() || ((await isEnough?.(output)) ?? false), { timeoutMs })
  endGroup(child.pid!)
  const [exitCode] = await closed
  return { output, exitCode }
}

/** Also of a shell that has exited: what it left in the background would hold its output open. */
function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing is left of it.
  }
}

function commandsIn(script: string): string[] {
  const commands: string[] = []
  let begun = ''
  for (const line of script.split('\n')) {
    begun += begun === '' ? line : `\n${line}`
    if (!isWhole(begun)) continue
    if (begun.trim() !== '') commands.push(begun)
    begun = ''
  }
  return begun === '' ? commands : [...commands, begun]
}

/** Bash says so: an open quote or an `if` without its `fi` is a syntax error to it. */
function isWhole(command: string): boolean {
  return !command.endsWith('\\') && spawnSync('bash', ['-nc', command]).status === 0
}

const READS =
  /^(#|kubectl (-n \S+ )?(get|logs|events|describe|version)\b)(?!.*(>|kubectl (apply|create|delete|exec)))/
const FOLLOWS = /^kubectl (get|events)\b.* (-w|--watch)\b|^kubectl logs\b.* (-f|--follow)\b/
