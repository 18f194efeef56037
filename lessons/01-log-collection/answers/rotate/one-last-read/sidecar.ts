import fs from 'node:fs'

const log = '/logs/access.log'
const bytes = Buffer.alloc(65536)
let offset = 0
let fd: number | undefined

function ship(file: number): void {
  const length = fs.readSync(file, bytes, 0, bytes.length, offset)
  const end = bytes.subarray(0, length).lastIndexOf(10) + 1
  fs.writeSync(1, bytes, 0, end)
  offset += end
}

setInterval(() => {
  const now = fs.statSync(log, { throwIfNoEntry: false })
  fd ??= now && fs.openSync(log, 'r')
  if (fd === undefined) return
  ship(fd)
  if (!now || now.ino === fs.fstatSync(fd).ino) return
  fs.closeSync(fd)
  fd = fs.openSync(log, 'r')
  offset = 0
  ship(fd)
}, 100)
