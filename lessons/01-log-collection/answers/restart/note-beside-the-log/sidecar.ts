// Ships nginx's access log to standard output, line by line, through rotations of both kinds.
import fs from 'node:fs'

const folder = process.env.LOG_FOLDER ?? '/logs'
const notes = '/logs/shipper.json'
const chunk = Buffer.alloc(1024 * 1024)

/** The file that we read, whatever its name is by now, and how many of its bytes are shipped. */
let fd: number | undefined
let offset = 0
/** How many more silent looks a rotated file gets: whoever writes to it may not have let go of it yet. */
let patience = 5

/** Opens a file; `undefined` while there is none of this name. */
function open(path: string): number | undefined {
  try {
    return fs.openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** Prints the whole lines behind the offset, and tells whether there were any. */
function ship(file: number): boolean {
  if (fs.fstatSync(file).size < offset) offset = 0 // truncated: what is in it now is new
  const length = fs.readSync(file, chunk, 0, chunk.length, offset)
  const end = chunk.subarray(0, length).lastIndexOf('\n') + 1
  fs.writeFileSync(1, chunk.subarray(0, end)) // 1 is standard output; bytes in, bytes out
  offset += end
  if (end > 0) remember()
  return end > 0
}

/** Whether the name access.log belongs to another file than ours. */
function isRotated(file: number): boolean {
  const named = fs.statSync(`${folder}/access.log`, { throwIfNoEntry: false })
  return named !== undefined && named.ino !== fs.fstatSync(file).ino
}

function remember(): void {
  fs.writeFileSync(notes, JSON.stringify({ ino: fs.fstatSync(fd!).ino, offset }))
}

/** Opens the log, and goes on in it where the note says, if the note is about this file. */
function resume(): void {
  fd = open(`${folder}/access.log`)
  if (fd === undefined || !fs.existsSync(notes)) return
  const note = JSON.parse(fs.readFileSync(notes, 'utf8')) as { ino: number; offset: number }
  if (note.ino === fs.fstatSync(fd).ino) offset = note.offset
}

function poll(): void {
  if (fd === undefined) resume()
  if (fd === undefined) return
  patience = ship(fd) || !isRotated(fd) ? 5 : patience - 1
  if (patience > 0) return
  fs.closeSync(fd)
  fd = undefined
  offset = 0
}

setInterval(poll, 100)

process.on('SIGTERM', () => process.exit(0))
