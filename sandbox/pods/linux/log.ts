/** Writes a container's output as a CRI log file: `2026-11-22T15:30:00.123000000Z stdout F text`. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { Clock } from '../../clock.ts'

/** An open log file of one container. */
export interface ContainerLog {
  /** Writes both streams until they end, then closes the file. Never rejects. */
  copy(stdout: Readable, stderr: Readable): Promise<void>
  /** For a container that never started. */
  close(): void
}

// As containerd: of a longer line, and of a last one without a newline, the parts are tagged P.
const maxLineBytes = 16 * 1024
const newline = 10
const lineEnd = Buffer.from('\n')

/** Opens the file for appending, mode 0640, and makes its folders. Throws what the file system says. */
export function openLog(path: string, clock: Clock): ContainerLog {
  mkdirSync(dirname(path), { recursive: true })
  const file = openSync(path, 'a', 0o640)
  const write = (parts: Buffer[]) => {
    try {
      writeSync(file, Buffer.concat(parts))
    } catch {
      // A full disk costs the container these lines and nobody else anything.
    }
  }
  return {
    async copy(stdout, stderr) {
      await Promise.all([
        copyLines(stdout, 'stdout', clock, write),
        copyLines(stderr, 'stderr', clock, write),
      ])
      closeSync(file)
    },
    close: () => closeSync(file),
  }
}

async function copyLines(input: Readable, stream: string, clock: Clock, write: (parts: Buffer[]) => void) {
  let rest: Buffer = Buffer.alloc(0)
  const prefix = (tag: 'F' | 'P') => Buffer.from(`${nanoTimestamp(clock.now())} ${stream} ${tag} `)
  input.on('data', (chunk: Buffer) => {
    const text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const { parts, end } = splitLines(text, prefix('F'), prefix('P'))
    rest = Buffer.from(text.subarray(end))
    // One write for all lines of a chunk: thousands of them when a container is loud.
    if (parts.length > 0) write(parts)
  })
  await finished(input, { writable: false }).catch(() => undefined)
  if (rest.length > 0) write([prefix('P'), rest, lineEnd])
}

/** The log lines of all that is complete in `text`, and where the incomplete rest begins. */
function splitLines(text: Buffer, full: Buffer, part: Buffer): { parts: Buffer[]; end: number } {
  const parts: Buffer[] = []
  let start = 0
  for (;;) {
    const end = text.indexOf(newline, start)
    const length = (end === -1 ? text.length : end) - start
    if (length > maxLineBytes) {
      parts.push(part, text.subarray(start, start + maxLineBytes), lineEnd)
      start += maxLineBytes
    } else if (end === -1) {
      return { parts, end: start }
    } else {
      parts.push(full, text.subarray(start, end + 1))
      start = end + 1
    }
  }
}

function nanoTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000000Z`
}
