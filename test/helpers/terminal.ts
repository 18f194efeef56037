/** A real terminal with a program in it, for tests that play a person. */
import { stripVTControlCharacters } from 'node:util'
import pty from '@lydell/node-pty'
import { onTestFinished } from 'vitest'
import { until } from '#sandbox/until.ts'

/** A program in a terminal. */
export interface Terminal {
  readonly pid: number
  /** All that was written so far, escape sequences and all. */
  bytes(): string
  type(keys: string): void
  /** Waits until what was written since the last call matches, and returns that; throws with it at the deadline. */
  see(pattern: RegExp, timeoutMs?: number): Promise<string>
  /** The exit code, once the program has ended. */
  exit(timeoutMs?: number): Promise<number>
}

/** Starts `file` in a terminal of 80 by 40; it is killed when the running test ends. */
export function openTerminal(file: string, args: string[], env: Record<string, string>): Terminal {
  const child = pty.spawn(file, args, {
    name: env.TERM ?? 'xterm-256color',
    cols: 80,
    rows: 40,
    env: { ...(process.env as Record<string, string>), ...env },
  })
  let [unseen, all] = ['', '']
  let exitCode: number | undefined
  child.onData((text) => {
    unseen += text
    all += text
  })
  child.onExit((end) => (exitCode = end.exitCode))
  onTestFinished(() => {
    if (exitCode === undefined) child.kill('SIGKILL')
  })
  const text = () => stripVTControlCharacters(unseen).replaceAll('\r', '')
  return {
    pid: child.pid,
    bytes: () => all,
    type: (keys) => child.write(keys),
    async see(pattern, timeoutMs = 10_000) {
      if (!(await until(() => pattern.test(text()), { timeoutMs }))) {
        throw new Error(`${pattern} did not appear in:\n${text()}`)
      }
      const seen = text()
      unseen = ''
      return seen
    },
    async exit(timeoutMs = 10_000) {
      if (!(await until(() => exitCode !== undefined, { timeoutMs })))
        throw new Error(`it runs on:\n${text()}`)
      return exitCode!
    },
  }
}
