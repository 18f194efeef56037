/** Proves the sidecars of lesson 1 on real files: rotation, truncation, torn lines, restarts. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { LESSONS_FOLDER } from '#sandbox/course/lesson.ts'
import { until } from '#sandbox/until.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'

const steps = ['ship', 'wait', 'rotate', 'truncate', 'restart'] as const

/** The sidecar of one step's solution over a folder of its own, with what it has printed over all its runs. */
class Sidecar {
  readonly log: string
  readonly #program: string
  readonly #folder: string
  readonly #printed: Buffer[] = []
  #process: ChildProcess | undefined

  constructor(step: string) {
    this.#program = join(LESSONS_FOLDER, '01-log-collection', 'solution', step, 'sidecar.ts')
    this.#folder = temporaryFolder()
    for (const name of ['logs', 'position']) mkdirSync(join(this.#folder, name))
    this.log = join(this.#folder, 'logs', 'access.log')
    onTestFinished(() => this.stop('SIGKILL').then(() => {}))
  }

  start(): void {
    const env = { LOG_FOLDER: join(this.#folder, 'logs'), POSITION_FOLDER: join(this.#folder, 'position') }
    this.#process = spawn(process.execPath, [this.#program], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    this.#process.stdout!.on('data', (bytes: Buffer) => this.#printed.push(bytes))
  }

  /** Ends the running process, and answers how long that took and how it ended. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<{ tookMs: number; code: number | null }> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return { tookMs: 0, code: null }
    const startedAt = performance.now()
    child.kill(signal)
    await once(child, 'exit')
    const tookMs = performance.now() - startedAt
    if (!child.stdout!.closed) await once(child, 'close')
    return { tookMs, code: child.exitCode }
  }

  get isRunning(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null
  }

  get text(): string {
    return Buffer.concat(this.#printed).toString('utf8')
  }

  /** Waits until all of `lines` are printed; then says what was printed in all. */
  async printed(lines: string[]): Promise<string[]> {
    await until(() => lines.every((line) => this.text.includes(`${line}\n`)), { timeoutMs: 10_000 })
    return this.text.split('\n').slice(0, -1)
  }

  write(...lines: string[]): void {
    appendFileSync(this.log, lines.map((line) => `${line}\n`).join(''))
  }

  /** As logrotate does it: access.log becomes access.log.1, that becomes access.log.2, and so on. */
  rename(): void {
    for (let age = 8; age > 0; age--) {
      if (existsSync(`${this.log}.${age}`)) renameSync(`${this.log}.${age}`, `${this.log}.${age + 1}`)
    }
    renameSync(this.log, `${this.log}.1`)
  }
}

const from = (first: (typeof steps)[number]) => steps.slice(steps.indexOf(first))

describe.for(from('ship'))('the sidecar of step %s', (step) => {
  test('prints each line once, byte for byte', async () => {
    const sidecar = new Sidecar(step)
    sidecar.write('before it starts')
    sidecar.start()
    await sidecar.printed(['before it starts'])
    sidecar.write('crème brûlée', '', 'tab\tand "quotes"')
    sidecar.write('the end')
    const all = ['before it starts', 'crème brûlée', '', 'tab\tand "quotes"', 'the end']
    expect(await sidecar.printed(['the end'])).toEqual(all)
  })

  test('joins a line that arrives in pieces, even where a character is torn', async () => {
    const sidecar = new Sidecar(step)
    const line = Buffer.from('one café\nand one more\n')
    writeFileSync(sidecar.log, '')
    sidecar.start()
    for (const byte of line) {
      appendFileSync(sidecar.log, Buffer.of(byte))
      await pause(15)
    }
    expect(await sidecar.printed(['and one more'])).toEqual(['one café', 'and one more'])
  })

  test('keeps up with more than one read can hold', async () => {
    const sidecar = new Sidecar(step)
    const lines = Array.from({ length: 30_000 }, (_, number) => `line ${number} ${'x'.repeat(60)}`)
    sidecar.write(...lines)
    sidecar.start()
    expect(await sidecar.printed([lines.at(-1)!])).toEqual(lines)
  })
})

describe.for(from('wait'))('the sidecar of step %s', (step) => {
  test('waits for a file that is not there yet', async () => {
    const sidecar = new Sidecar(step)
    sidecar.start()
    await pause(400)
    expect(sidecar.isRunning).toBe(true)
    sidecar.write('at last')
    expect(await sidecar.printed(['at last'])).toEqual(['at last'])
  })

  test('goes on where it was when the file comes back', async () => {
    const sidecar = new Sidecar(step)
    sidecar.write('one')
    sidecar.start()
    await sidecar.printed(['one'])
    renameSync(sidecar.log, `${sidecar.log}.hidden`)
    appendFileSync(`${sidecar.log}.hidden`, 'two\n')
    await pause(800)
    renameSync(`${sidecar.log}.hidden`, sidecar.log)
    sidecar.write('three')
    expect(await sidecar.printed(['three'])).toEqual(['one', 'two', 'three'])
  })
})

describe.for(from('rotate'))('the sidecar of step %s', (step) => {
  test('finishes the renamed file before the new one, late lines included', async () => {
    const sidecar = new Sidecar(step)
    sidecar.write('one')
    sidecar.start()
    await sidecar.printed(['one'])
    sidecar.rename()
    await pause(250)
    appendFileSync(`${sidecar.log}.1`, 'two, before the new file is there\n')
    sidecar.write('four, in the new file')
    await pause(150)
    appendFileSync(`${sidecar.log}.1`, 'three, by a worker that is late\n')
    const all = [
      'one',
      'two, before the new file is there',
      'three, by a worker that is late',
      'four, in the new file',
    ]
    expect(await sidecar.printed(all)).toEqual(all)
  })
})

describe.for(from('truncate'))('the sidecar of step %s', (step) => {
  test('begins again with a truncated file, and leaves the copy alone', async () => {
    const sidecar = new Sidecar(step)
    sidecar.write('one', 'two', 'three')
    sidecar.start()
    await sidecar.printed(['three'])
    copyFileSync(sidecar.log, `${sidecar.log}.1`)
    truncateSync(sidecar.log)
    sidecar.write('four')
    expect(await sidecar.printed(['four'])).toEqual(['one', 'two', 'three', 'four'])
    await pause(800)
    expect(sidecar.text).toBe('one\ntwo\nthree\nfour\n')
  })
})

describe('the finished sidecar', () => {
  test('ends within 100 ms of SIGTERM with code 0, and prints what was still unread', async () => {
    const sidecar = new Sidecar('restart')
    sidecar.write('one')
    sidecar.start()
    await sidecar.printed(['one'])
    sidecar.write('two')
    const { tookMs, code } = await sidecar.stop('SIGTERM')
    expect(code).toBe(0)
    expect(tookMs).toBeLessThan(100)
    expect(sidecar.text).toBe('one\ntwo\n')
  })

  test('goes on where it was after a restart, with what was written meanwhile', async () => {
    const sidecar = new Sidecar('restart')
    sidecar.write('one')
    sidecar.start()
    await sidecar.printed(['one'])
    await sidecar.stop('SIGTERM')
    sidecar.write('two')
    sidecar.start()
    expect(await sidecar.printed(['two'])).toEqual(['one', 'two'])
  })

  test('finds its file under another name when the log was rotated while it was away', async () => {
    const sidecar = new Sidecar('restart')
    sidecar.write('one')
    sidecar.start()
    await sidecar.printed(['one'])
    await sidecar.stop('SIGTERM')
    sidecar.write('two')
    sidecar.rename()
    sidecar.write('three')
    sidecar.rename()
    sidecar.start()
    await pause(300)
    sidecar.write('four')
    expect(await sidecar.printed(['four'])).toEqual(['one', 'two', 'three', 'four'])
  })

  test('misses nothing when the log is rotated several times between two looks', async () => {
    const sidecar = new Sidecar('restart')
    sidecar.write('line 0')
    sidecar.start()
    await sidecar.printed(['line 0'])
    for (let number = 1; number <= 4; number++) {
      sidecar.rename()
      sidecar.write(`line ${number}`)
    }
    expect(await sidecar.printed(['line 4'])).toEqual([0, 1, 2, 3, 4].map((number) => `line ${number}`))
  })

  test('reads to its end a file that is deleted under its hands, and goes on with the next', async () => {
    const sidecar = new Sidecar('restart')
    sidecar.write('one')
    sidecar.start()
    await sidecar.printed(['one'])
    sidecar.write('two')
    rmSync(sidecar.log)
    sidecar.write('three')
    expect(await sidecar.printed(['three'])).toEqual(['one', 'two', 'three'])
  })

  test('repeats at most what lies between a print and its note when it is killed', async () => {
    const sidecar = new Sidecar('restart')
    const lines: string[] = []
    for (let run = 0; run < 3; run++) {
      sidecar.start()
      for (let number = 0; number < 50; number++) {
        lines.push(`run ${run} line ${number}`)
        sidecar.write(lines.at(-1)!)
        await pause(2)
      }
      await sidecar.stop('SIGKILL')
    }
    sidecar.start()
    const printed = await sidecar.printed([lines.at(-1)!])
    expect([...new Set(printed)]).toEqual(lines)
    expect(printed.length - lines.length).toBeLessThan(lines.length)
  })

  test('prints 2,000 lines once and in order through torn writes, rotations and restarts', async () => {
    const sidecar = new Sidecar('restart')
    const lines = Array.from({ length: 2_000 }, (_, number) => `line ${number} ${'é'.repeat(number % 7)}`)
    sidecar.start()
    for (const [number, line] of lines.entries()) {
      const bytes = Buffer.from(`${line}\n`)
      const tear = number % bytes.length
      appendFileSync(sidecar.log, bytes.subarray(0, tear))
      if (number % 10 === 0) await pause(3)
      appendFileSync(sidecar.log, bytes.subarray(tear))
      if (number % 450 === 449) sidecar.rename()
      if (number % 700 === 699) {
        await sidecar.stop('SIGTERM')
        sidecar.start()
      }
    }
    expect(await sidecar.printed([lines.at(-1)!])).toEqual(lines)
  })
})
