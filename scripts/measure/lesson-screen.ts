/** A lesson in a terminal of util-linux's `script`, and when which verdict could be read on its screen. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { until } from '#sandbox/until.ts'

const WORKSHOP = fileURLToPath(new URL('../workshop.mjs', import.meta.url))

/** A verdict “done” as it was read: where the evidence comes from and its last line, as far as the columns go. */
export interface Sight {
  /** Milliseconds since the epoch. */
  atMs: number
  source: string
  text: string
}

/** The screen of one lesson. */
export interface LessonScreen {
  type(keys: string): void
  /** Waits until the screen has shown this since the last key; throws with all it has shown after 60 s. */
  see(pattern: RegExp): Promise<void>
  /** Waits for the verdict “done” of the step with this title. */
  seeDone(title: string): Promise<Sight>
  close(): Promise<void>
}

/** Opens the lesson on the cluster and in the workspaces that the environment names. */
export function openLessonScreen(number: number, env: Record<string, string>): LessonScreen {
  const command = `stty cols 80 rows 60; exec '${process.execPath}' '${WORKSHOP}' lesson ${number}`
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let [shown, changedMs] = ['', 0]
  child.stdout.on('data', (chunk: Buffer) => {
    shown += stripVTControlCharacters(chunk.toString()).replaceAll('\r', '')
    changedMs = Date.now()
  })
  const see = async (pattern: RegExp) => {
    const match = await until(() => pattern.exec(shown), { timeoutMs: 60_000, intervalMs: 1 })
    if (!match) throw new Error(`${pattern} did not come:\n${shown}`)
    return match
  }
  return {
    type(keys) {
      shown = ''
      child.stdin.write(keys)
    },
    see: async (pattern) => void (await see(pattern)),
    async seeDone(title) {
      const evidence = String.raw`✓ ${RegExp.escape(title)}\n {2}seen in (.+):\n((?: {2}│ .*\n)+)`
      const [, source = '', lines = ''] = await see(new RegExp(evidence))
      const text = lines.trimEnd().split('\n').at(-1)!.slice('  │ '.length).replace(/…$/, '')
      return { atMs: changedMs, source, text }
    },
    async close() {
      const ended = once(child, 'close')
      child.stdin.write('q')
      await ended
    },
  }
}
