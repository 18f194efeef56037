/** Reads CRI log files for `kubectl logs`: `2026-11-22T15:30:00.123456789Z stdout F text`, `P` for an unfinished line. */
import { watch } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'

const BLOCK_BYTES = 64 * 1024
/** Time, stream and tag lie within so many bytes of a line's start. */
const HEADER_BYTES = 64
/** Looks again by itself so often while it follows, where file events do not come. */
const CHECK_MS = 1_000
const NEWLINE = 0x0a
const SPACE = 0x20
const PARTIAL = 0x50

/** What to show of a log. */
export interface LogSelection {
  timestamps?: boolean
  /** Whole lines from the end. */
  tailLines?: number
  limitBytes?: number
  /** Milliseconds since the epoch: only lines written at or after it. */
  sinceMs?: number
  /** Go on with what is written until this settles; without it the answer ends at the end of the file. */
  followUntil?: Promise<unknown>
  signal?: AbortSignal
}

/** The lines of a log as `kubectl logs` prints them; memory does not grow with the file. Throws ENOENT. */
export async function readLog(
  path: string,
  selection: LogSelection = {},
): Promise<ReadableStream<Uint8Array>> {
  const file = await open(path, 'r')
  const chunks = logChunks(path, file, selection)
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await chunks.return(undefined)
      },
    },
    { highWaterMark: 0 },
  )
}

async function* logChunks(
  path: string,
  first: FileHandle,
  selection: LogSelection,
): AsyncGenerator<Uint8Array> {
  let file = first
  const changes = selection.followUntil ? followChanges(path, selection) : undefined
  const format = createFormatter(selection)
  let left = selection.limitBytes ?? Infinity
  try {
    let position = selection.tailLines === undefined ? 0 : await tailStart(file, selection.tailLines)
    const block = Buffer.allocUnsafe(BLOCK_BYTES)
    for (;;) {
      // Asked before reading: what is written up to the end is read after it.
      const isEnded = !changes || changes.isEnded()
      const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, position)
      position += bytesRead
      if (bytesRead > 0) {
        const text = format(block.subarray(0, bytesRead))
        if (text.length > 0) yield text.subarray(0, left)
        left -= text.length
        if (left <= 0) return
      } else if (changes && (await isSetAside(path, file))) {
        // The kubelet's own follower may go silent here; this one goes on with the new file.
        await file.close()
        file = await open(path, 'r')
        position = 0
      } else if (isEnded) {
        return
      } else {
        await changes.next()
      }
    }
  } finally {
    changes?.close()
    await file.close()
  }
}

/** Whether the log has been rotated: its name stands for another file now. */
async function isSetAside(path: string, file: FileHandle): Promise<boolean> {
  const [named, held] = await Promise.all([stat(path).catch(() => undefined), file.stat()])
  return named !== undefined && named.ino !== held.ino
}

/** Turns bytes of a CRI log, in pieces of any size, into the text of its lines. */
function createFormatter({ timestamps = false, sinceMs }: LogSelection): (bytes: Buffer) => Buffer {
  const since = sinceMs === undefined ? undefined : nanoTimestamp(sinceMs)
  let rest: Buffer = Buffer.alloc(0)
  let isLineStart = true
  return (bytes) => {
    const data = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes
    const parts: Buffer[] = []
    let start = 0
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
      const header = parseHeader(data, start, end)
      const isLeftOut = !header || (since !== undefined && header.time < since)
      if (!isLeftOut) {
        if (timestamps && isLineStart) parts.push(Buffer.from(`${header.time} `))
        // A whole line keeps its line end, a part of one does not.
        parts.push(data.subarray(header.textStart, header.isPartial ? end : end + 1))
        isLineStart = !header.isPartial
      }
      start = end + 1
    }
    // A copy: the caller reads the next block into the same memory.
    rest = Buffer.from(data.subarray(start))
    return Buffer.concat(parts)
  }
}

function parseHeader(data: Buffer, start: number, end: number) {
  const timeEnd = data.indexOf(SPACE, start)
  const streamEnd = timeEnd < 0 ? -1 : data.indexOf(SPACE, timeEnd + 1)
  const tagEnd = streamEnd < 0 ? -1 : data.indexOf(SPACE, streamEnd + 1)
  if (tagEnd < 0 || tagEnd >= end) return undefined
  const time = data.toString('latin1', start, timeEnd)
  return { time, isPartial: data[streamEnd + 1] === PARTIAL, textStart: tagEnd + 1 }
}

/** Where the last `count` whole lines begin, found from the end backwards. */
async function tailStart(file: FileHandle, count: number): Promise<number> {
  const { size } = await file.stat()
  if (count === 0) return size
  const buffer = Buffer.alloc(BLOCK_BYTES + HEADER_BYTES)
  let found = 0
  let lineEnd = size
  for (let blockEnd = size; blockEnd > 0;) {
    const blockStart = Math.max(0, blockEnd - BLOCK_BYTES)
    await file.read(buffer, 0, Math.min(size - blockStart, buffer.length), blockStart)
    for (let offset = blockEnd - blockStart - 1; offset >= -1; offset--) {
      const isStart = offset < 0 ? blockStart === 0 : buffer[offset] === NEWLINE
      const lineStart = blockStart + offset + 1
      if (!isStart || lineStart >= size) continue
      const header = parseHeader(buffer, offset + 1, Math.min(offset + 1 + HEADER_BYTES, buffer.length))
      const isWhole = header !== undefined && !header.isPartial
      if (isWhole || found === 0) found += 1
      if (found > count) return lineEnd
      lineEnd = lineStart
    }
    blockEnd = blockStart
  }
  return 0
}

/** Tells when a file may have grown, and when it will grow no more. */
function followChanges(path: string, { followUntil, signal }: LogSelection) {
  let isEnded = signal?.aborted ?? false
  let isChanged = false
  let wake: (() => void) | undefined
  const notify = () => {
    isChanged = true
    wake?.()
  }
  const end = () => {
    isEnded = true
    notify()
  }
  // The folder, since a rotated log is another file of the same name.
  const watcher = watch(dirname(path), notify)
  watcher.on('error', () => watcher.close())
  const timer = setInterval(notify, CHECK_MS)
  timer.unref()
  signal?.addEventListener('abort', end, { once: true })
  void followUntil?.then(end, end)
  return {
    isEnded: () => isEnded,
    async next() {
      if (!isChanged) await new Promise<void>((resolve) => (wake = resolve))
      isChanged = false
    },
    close() {
      clearInterval(timer)
      signal?.removeEventListener('abort', end)
      watcher.close()
    },
  }
}

function nanoTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000000Z`
}
