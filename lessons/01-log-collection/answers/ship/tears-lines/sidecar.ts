import fs from 'node:fs'

const bytes = Buffer.alloc(65536)
let offset = 0

setInterval(() => {
  const fd = fs.openSync('/logs/access.log', 'r')
  const length = fs.readSync(fd, bytes, 0, bytes.length, offset)
  fs.closeSync(fd)
  offset += length
  if (length > 0) console.log(bytes.toString('utf8', 0, length).trimEnd())
}, 100)
