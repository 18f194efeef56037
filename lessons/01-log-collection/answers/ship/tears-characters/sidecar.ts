import fs from 'node:fs'

const bytes = Buffer.alloc(65536)
let offset = 0
let rest = ''

setInterval(() => {
  const fd = fs.openSync('/logs/access.log', 'r')
  const length = fs.readSync(fd, bytes, 0, bytes.length, offset)
  fs.closeSync(fd)
  offset += length
  const lines = (rest + bytes.toString('utf8', 0, length)).split('\n')
  rest = lines.pop()!
  for (const line of lines) console.log(line)
}, 100)
