/** Writes a container's output as a CRI log file: `2026-11-22T15:30:00.123000000Z stdout F text`. */
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
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
const maxFileBytes = 10 * 1024 * 1024
/** The one that is written to among them. */
const maxFiles = 5
const newline = 10
const lineEnd = Buffer.from('\n')

/**
 * Opens the file for appending, mode 0640, and makes its folders. What is full is set aside as the kubelet does it
 * (containerLogMaxSize, containerLogMaxFiles), at a line's end. Throws what the file system says.
 */
export function openLog(path: string, clock: Clock): ContainerLog {
  mkdirSync(dirname(path), { recursive: true })
  let file = openSync(path, 'a', 0o640)
  let size = fstatSync(file).size
  const nextTime = increasingTimes(clock)

  function rotate(): void {
    closeSync(file)
    setAside(path, clock.now())
    file = openSync(path, 'a', 0o640)
    size = 0
  }

  function write(parts: Buffer[]): void {
    try {
      if (size >= maxFileBytes) rotate()
      size += writeSync(file, Buffer.concat(parts))
    } catch {
      // A full disk costs the container these lines and nobody else anything.
    }
  }

  return {
    async copy(stdout, stderr) {
      await Promise.all([
        copyLines(stdout, 'stdout', nextTime, write),
        copyLines(stderr, 'stderr', nextTime, write),
      ])
      closeSync(file)
    },
    close: () => closeSync(file),
  }
}

/** `0.log` becomes `0.log.20261122-153000`, and the oldest of those go. */
function setAside(path: string, nowMs: number): void {
  const stamp = new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')
  const aside = (stem: string) =>
    readdirSync(dirname(path))
      .filter((name) => name.startsWith(`${basename(path)}.${stem}`))
      .sort()
  const same = aside(stamp).length
  renameSync(path, `${path}.${stamp}${same === 0 ? '' : `.${same}`}`)
  const outdated = aside('').slice(0, 1 - maxFiles)
  for (const name of outdated) rmSync(join(dirname(path), name))
}

async function copyLines(
  input: Readable,
  stream: string,
  nextTime: () => string,
  write: (parts: Buffer[]) => void,
) {
  let rest: Buffer = Buffer.alloc(0)
  const prefix = (tag: 'F' | 'P') => Buffer.from(`${nextTime()} ${stream} ${tag} `)
  input.on('data', (chunk: Buffer) => {
    const text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const { parts, end } = splitLines(text, prefix)
    rest = Buffer.from(text.subarray(end))
    // One write for all lines of a chunk: thousands of them when a container is loud.
    if (parts.length > 0) write(parts)
  })
  await finished(input, { writable: false }).catch(() => undefined)
  if (rest.length > 0) write([prefix('P'), rest, lineEnd])
}

/** The log lines of all that is complete in `text`, and where the incomplete rest begins. */
function splitLines(text: Buffer, prefix: (tag: 'F' | 'P') => Buffer): { parts: Buffer[]; end: number } {
  const parts: Buffer[] = []
  let start = 0
  for (;;) {
    const end = text.indexOf(newline, start)
    const length = (end === -1 ? text.length : end) - start
    if (length > maxLineBytes) {
      parts.push(prefix('P'), text.subarray(start, start + maxLineBytes), lineEnd)
      start += maxLineBytes
    } else if (end === -1) {
      return { parts, end: start }
    } else {
      parts.push(prefix('F'), text.subarray(start, end + 1))
      start = end + 1
    }
  }
}

/** Every line has a time of its own, later than the line before it, also when the clock is set back. */
function increasingTimes(clock: Clock): () => string {
  let lastMs = 0
  let count = 0
  let prefix = ''
  return () => {
    const nowMs = clock.now()
    if (nowMs > lastMs || count === 999_999) {
      lastMs = Math.max(nowMs, lastMs + 1)
      count = 0
      prefix = new Date(lastMs).toISOString().slice(0, 23)
    } else count += 1
    return `${prefix}${String(count).padStart(6, '0')}Z`
  }
}
