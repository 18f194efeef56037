/** Proves reading of CRI logs: which lines, in which form, and following a file that grows. */
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readLog, type LogSelection } from '#sandbox/pods/logs.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logs-'))
  path = join(folder, '0.log')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a log', () => {
  it('is shown without its headers, stdout and stderr in their order', async () => {
    write('stdout F one', 'stderr F two', 'stdout F ')
    expect(await show()).toBe('one\ntwo\n\n')
  })

  it('has its partial lines joined', async () => {
    write('stdout P one ', 'stdout P and ', 'stdout F a half', 'stdout F two')
    expect(await show()).toBe('one and a half\ntwo\n')
    expect(await show({ timestamps: true })).toBe(`${time(0)} one and a half\n${time(3)} two\n`)
  })

  it('may hold any bytes', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe])
    writeFileSync(path, Buffer.concat([Buffer.from(`${time(0)} stdout F `), bytes, Buffer.from('\n')]))
    const shown = await new Response(await readLog(path)).bytes()
    expect(Buffer.from(shown)).toEqual(Buffer.concat([bytes, Buffer.from('\n')]))
  })

  it.each([
    [0, ''],
    [1, 'four\n'],
    [2, 'two and three\nfour\n'],
    [3, 'one\ntwo and three\nfour\n'],
    [9, 'one\ntwo and three\nfour\n'],
  ])('shows its last %i lines, a joined line counting as one', async (tailLines, text) => {
    write('stdout F one', 'stdout P two ', 'stdout F and three', 'stdout F four')
    expect(await show({ tailLines })).toBe(text)
  })

  it.each([1, 100, 999, 1000, 5000])(
    'finds its last %i lines in a file of many blocks',
    async (tailLines) => {
      const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index} ${'x'.repeat(index % 97)}`)
      write(...lines.map((line) => `stdout F ${line}`))
      expect(await show({ tailLines })).toBe(`${lines.slice(-tailLines).join('\n')}\n`)
    },
  )

  it('starts at a point in time', async () => {
    write('stdout F zero', 'stdout F one', 'stdout F two')
    expect(await show({ sinceMs: 1_000 })).toBe('one\ntwo\n')
    expect(await show({ sinceMs: 1_001 })).toBe('two\n')
  })

  it('ends after so many bytes', async () => {
    write('stdout F 12345', 'stdout F 67890')
    expect(await show({ limitBytes: 8 })).toBe('12345\n67')
  })

  it('leaves out what is not a log line, such as one that is still being written', async () => {
    write('stdout F one')
    appendFileSync(path, '1970-01-01T00')
    expect(await show()).toBe('one\n')
  })

  it('that is not there is an error', async () => {
    await expect(readLog(path)).rejects.toThrow('ENOENT')
  })
})

describe('a followed log', () => {
  it('goes on with what is written, and ends with its container', async () => {
    const ended = Promise.withResolvers<void>()
    write('stdout F one')
    const reader = (await readLog(path, { followUntil: ended.promise })).getReader()
    expect(await next(reader)).toBe('one\n')
    write('stdout F two')
    expect(await next(reader)).toBe('two\n')
    write('stdout F three')
    ended.resolve()
    expect(await next(reader)).toBe('three\n')
    expect(await next(reader)).toBeUndefined()
  })

  it('shows a line that is written in two pieces once it is whole', async () => {
    const ended = Promise.withResolvers<void>()
    write('stdout F one')
    const reader = (await readLog(path, { followUntil: ended.promise })).getReader()
    await next(reader)
    appendFileSync(path, `${time(1)} stdout F tw`)
    appendFileSync(path, 'o\n')
    expect(await next(reader)).toBe('two\n')
    ended.resolve()
  })

  it('goes on with the new file when the log is rotated', async () => {
    const ended = Promise.withResolvers<void>()
    write('stdout F one')
    const reader = (await readLog(path, { followUntil: ended.promise })).getReader()
    expect(await next(reader)).toBe('one\n')
    write('stdout F two')
    renameSync(path, `${path}.20261122-153000`)
    write('stdout F three')
    expect((await next(reader))! + (await next(reader))).toBe('two\nthree\n')
    renameSync(path, `${path}.20261122-153001`)
    write('stdout F four')
    ended.resolve()
    expect([await next(reader), await next(reader)]).toEqual(['four\n', undefined])
  })

  it('ends when its reader goes', async () => {
    const aborter = new AbortController()
    write('stdout F one')
    const stream = await readLog(path, { followUntil: new Promise(() => {}), signal: aborter.signal })
    const reader = stream.getReader()
    await next(reader)
    aborter.abort()
    expect(await next(reader)).toBeUndefined()
  })
})

let written = 0
beforeEach(() => {
  written = 0
})

/** Line n is written at second n. */
function write(...lines: string[]): void {
  appendFileSync(path, lines.map((line) => `${time(written++)} ${line}\n`).join(''))
}

function time(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.000000000Z`
}

async function show(selection?: LogSelection): Promise<string> {
  return await new Response(await readLog(path, selection)).text()
}

async function next(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string | undefined> {
  const { value } = await reader.read()
  return value && Buffer.from(value).toString()
}
