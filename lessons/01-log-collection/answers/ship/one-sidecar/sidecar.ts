import fs from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

const log = '/opt/sh/openresty/nginx/logs/access.log'
const decoder = new StringDecoder('utf8')
const bytes = Buffer.alloc(4096)
let position = 0
let rest = ''

function look(): void {
  if (!fs.existsSync(log)) return
  const fd = fs.openSync(log, 'r')
  for (let length = 1; length > 0; position += length) {
    length = fs.readSync(fd, bytes, 0, bytes.length, position)
    const lines = (rest + decoder.write(bytes.subarray(0, length))).split('\n')
    rest = lines.pop()!
    for (const line of lines) console.log(line)
  }
  fs.closeSync(fd)
}

setInterval(look, 250)
