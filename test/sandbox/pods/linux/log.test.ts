/** Proves the log files that a container's output becomes: times, rotation, lines kept whole. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { openLog } from '#sandbox/pods/linux/log.ts'
import { createManualClock } from '#test/helpers/manual-clock.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'

const noon = Date.parse('2026-11-22T12:00:00.123Z')

describe('a container’s log', () => {
  it('gives every line a later time than the one before, whichever stream it came by and however the clock goes', async () => {
    const path = join(temporaryFolder(), '0.log')
    const times = [noon, noon, noon - 5_000, noon + 1]
    const clock = { ...createManualClock(), now: () => times.shift() ?? noon }
    await openLog(path, clock).copy(Readable.from([Buffer.from('a\nb\nc\nd\ne\n')]), Readable.from([]))
    const stamps = readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[0])
    expect(stamps).toMatchInlineSnapshot(`
      [
        "2026-11-22T12:00:00.123000000Z",
        "2026-11-22T12:00:00.123000001Z",
        "2026-11-22T12:00:00.123000002Z",
        "2026-11-22T12:00:00.124000000Z",
        "2026-11-22T12:00:00.124000001Z",
        "",
      ]
    `)
  })

  it('is set aside when it is full, and five files are kept', async () => {
    const folder = temporaryFolder()
    const path = join(folder, '0.log')
    const clock = createManualClock(noon)
    const line = Buffer.from(`${'x'.repeat(1023)}\n`)
    const megabyte = Buffer.concat(Array.from({ length: 1024 }, () => line))
    async function* output() {
      for (let count = 0; count < 72; count++) {
        yield megabyte
        await clock.advance(100)
      }
    }
    await openLog(path, clock).copy(Readable.from(output(), { objectMode: false }), Readable.from([]))
    const names = readdirSync(folder).sort()
    expect(names).toMatchInlineSnapshot(`
      [
        "0.log",
        "0.log.20261122-120004",
        "0.log.20261122-120005",
        "0.log.20261122-120006",
        "0.log.20261122-120007",
      ]
    `)
    for (const name of names) {
      const text = readFileSync(join(folder, name), 'latin1')
      expect(text.length).toBeLessThan(12 << 20)
      expect(text).toMatch(/^2026\S+ stdout F x{1023}\n/)
      expect(text.endsWith('x\n')).toBe(true)
    }
  })
})
