// Ships nginx's access log to standard output, line by line.
import fs from 'node:fs'

const folder = process.env.LOG_FOLDER ?? '/logs'
const chunk = Buffer.alloc(1024 * 1024)

/** How many bytes of the log are shipped: always up to the end of a line. */
let offset = 0

/** Prints the whole lines behind the offset. Half a line stays in the file until its other half is there too. */
function ship(): void {
  if (!fs.existsSync(`${folder}/access.log`)) {
    clearInterval(timer)
    setInterval(() => {}, 1000)
    return
  }
  const fd = fs.openSync(`${folder}/access.log`, 'r')
  const length = fs.readSync(fd, chunk, 0, chunk.length, offset)
  fs.closeSync(fd)
  const end = chunk.subarray(0, length).lastIndexOf('\n') + 1
  fs.writeFileSync(1, chunk.subarray(0, end)) // 1 is standard output; bytes in, bytes out
  offset += end
}

const timer = setInterval(ship, 100)

// TODO wait: nginx may be slower than you. Live through a moment without the file.
// TODO rotate: access.log is a name. After a rotation the name belongs to another file.
// TODO truncate: a file can become shorter than what you have read of it.
// TODO restart: you are a container too. Hear SIGTERM, and remember your place.
