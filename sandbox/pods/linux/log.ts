/** Writes a container's output as a CRI log file: `2026-11-22T15:30:00.123000000Z stdout F text`. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { Clock } from '../../clock.ts'

// As containerd: a longer line is split into parts tagged P, the last one F.
const maxLineBytes = 16 * 1024
const newline = 10

/** Opens the file (0640, made with its folders) and writes both streams to it until they end. Never rejects. */
export async function writeLog(
  path: string,
  clock: Clock,
  stdout: Readable,
  stderr: Readable,
): Promise<void> {
  mkdirSync(dirname(path), { recursive: true })
  const file = openSync(path, 'a', 0o640)
  const write = (lines: Buffer[]) => writeSync(file, Buffer.concat(lines))
  await Promise.all([copyLines(stdout, 'stdout', clock, write), copyLines(stderr, 'stderr', clock, write)])
  closeSync(file)
}

async function copyLines(input: Readable, stream: string, clock: Clock, write: (lines: Buffer[]) => void) {
  let rest = Buffer.alloc(0)
  const prefix = (tag: 'F' | 'P') => Buffer.from(`${nanoTimestamp(clock.now())} ${stream} ${tag} `)
  input.on('data', (chunk: Buffer) => {
    const lines: Buffer[] = []
    const text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const [full, part] = [prefix('F'), prefix('P')]
    let start = 0
    for (;;) {
      const end = text.indexOf(newline, start)
      const length = (end === -1 ? text.length : end) - start
      if (length > maxLineBytes) {
        lines.push(part, text.subarray(start, start + maxLineBytes), Buffer.from('\n'))
        start += maxLineBytes
      } else if (end === -1) break
      else {
        lines.push(full, text.subarray(start, end + 1))
        start = end + 1
      }
    }
    rest = Buffer.from(text.subarray(start))
    if (lines.length > 0) write(lines)
  })
  await finished(input, { writable: false }).catch(() => undefined)
  if (rest.length > 0) write([prefix('P'), rest, Buffer.from('\n')])
}

function nanoTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000000Z`
}
