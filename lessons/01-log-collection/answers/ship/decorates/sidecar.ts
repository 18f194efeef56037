// Ships nginx's access log to standard output, line by line.
import fs from 'node:fs'

const folder = process.env.LOG_FOLDER ?? '/logs'
const chunk = Buffer.alloc(1024 * 1024)

/** How many bytes of the log are shipped: always up to the end of a line. */
let offset = 0

/** Prints the whole lines behind the offset. Half a line stays in the file until its other half is there too. */
function ship(): void {
  const fd = fs.openSync(`${folder}/access.log`, 'r')
  const length = fs.readSync(fd, chunk, 0, chunk.length, offset)
  fs.closeSync(fd)
  const end = chunk.subarray(0, length).lastIndexOf('\n') + 1
  for (const line of chunk.toString('utf8', 0, end).split('\n').slice(0, -1)) console.log(`nginx: ${line}`)
  offset += end
}

setInterval(ship, 100)

// TODO wait: nginx may be slower than you. Live through a moment without the file.
// TODO rotate: access.log is a name. After a rotation the name belongs to another file.
// TODO truncate: a file can become shorter than what you have read of it.
// TODO restart: you are a container too. Hear SIGTERM, and remember your place.
