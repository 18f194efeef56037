// Ships nginx's access log to standard output: every line whole, once and in order, through rotations and restarts.
import fs from 'node:fs'

const folder = process.env.LOG_FOLDER ?? '/logs'
const notes = `${process.env.POSITION_FOLDER ?? '/position'}/position.json`
const chunk = Buffer.alloc(1024 * 1024)

/** Our place: in which file, how many of its bytes are shipped, and when it was last written to. */
const place = fs.existsSync(notes)
  ? (JSON.parse(fs.readFileSync(notes, 'utf8')) as { ino: number; offset: number; mtimeMs: number })
  : { ino: 0, offset: 0, mtimeMs: 0 }
let fd: number | undefined
/** How many more silent looks a rotated file gets: whoever writes to it may not have let go of it yet. */
let patience = 5

function remember(): void {
  fs.writeFileSync(`${notes}.new`, JSON.stringify(place))
  fs.renameSync(`${notes}.new`, notes) // in one step: nobody ever finds half a note
}

/** Opens a file; `undefined` while there is none of this name. */
function open(path: string): number | undefined {
  try {
    return fs.openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** What there is of the log, oldest first: access.log.2, access.log.1, access.log. */
function logFiles(): { path: string; ino: number; mtimeMs: number }[] {
  const names = fs.readdirSync(folder).filter((name) => /^access\.log(\.\d+)?$/.test(name))
  names.sort((a, b) => Number(b.split('.')[2] ?? 0) - Number(a.split('.')[2] ?? 0))
  return names.flatMap((name) => {
    const stats = fs.statSync(`${folder}/${name}`, { throwIfNoEntry: false })
    return stats ? [{ path: `${folder}/${name}`, ino: stats.ino, mtimeMs: stats.mtimeMs }] : []
  })
}

/** Prints the whole lines behind our place, and tells whether there were any. */
function ship(file: number): boolean {
  const { size, mtimeMs } = fs.fstatSync(file)
  if (size < place.offset) Object.assign(place, { offset: 0, mtimeMs }) // truncated: what is in it now is new
  const length = fs.readSync(file, chunk, 0, chunk.length, place.offset)
  const whole = chunk.subarray(0, length).lastIndexOf('\n') + 1
  const end = whole || (length === chunk.length ? length : 0) // a line of more than a mebibyte is cut
  if (end === 0) return false
  fs.writeFileSync(1, chunk.subarray(0, end)) // 1 is standard output; bytes in, bytes out
  Object.assign(place, { offset: place.offset + end, mtimeMs })
  remember()
  return true
}

function follow(path: string): void {
  if (fd !== undefined) fs.closeSync(fd)
  fd = open(path)
  patience = 5
  if (fd === undefined) return
  const { ino } = fs.fstatSync(fd)
  if (ino !== place.ino) Object.assign(place, { ino, offset: 0 })
}

function poll(): void {
  const files = logFiles()
  const here = files.findIndex(({ ino }) => ino === place.ino)
  // Where our file is gone altogether, what was written to after it comes next.
  const next = here === -1 ? files.find(({ mtimeMs }) => mtimeMs > place.mtimeMs) : files[here + 1]
  const start = files[here] ?? next
  if (fd === undefined && start) follow(start.path)
  if (fd === undefined) return
  if (ship(fd)) patience = 5
  else if (next && --patience === 0) follow(next.path)
}

setInterval(poll, 100)
