import fs from 'node:fs'

/** Inode to the number of bytes shipped, for every file of the log. */
const shipped = new Map<number, number>()
const bytes = Buffer.alloc(65536)

function ship(path: string): void {
  const fd = fs.openSync(path, 'r')
  const { ino } = fs.fstatSync(fd)
  const known = shipped.get(ino) ?? 0
  const offset = fs.statSync(path).size < known ? 0 : known
  const length = fs.readSync(fd, bytes, 0, bytes.length, offset)
  fs.closeSync(fd)
  const end = bytes.subarray(0, length).lastIndexOf(10) + 1
  fs.writeSync(1, bytes, 0, end)
  shipped.set(ino, offset + end)
}

setInterval(() => {
  for (const name of ['access.log.1', 'access.log']) {
    if (fs.existsSync(`/logs/${name}`)) ship(`/logs/${name}`)
  }
}, 100)
