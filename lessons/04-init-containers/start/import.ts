// Fetches the old entries from the archive, and writes them beside the new ones as they come.
import fs from 'node:fs'

const target = `${process.env.BOOK ?? '/data/book'}/old.txt`

const response = await fetch(process.env.URL!)
if (!response.ok) throw new Error(`${response.url} answers ${response.status}: ${await response.text()}`)
// TODO again: what does a second run find, after a first one that was cut off?
const file = fs.openSync(target, 'wx') // x: never write over what is there
for await (const bytes of response.body!) fs.writeSync(file, bytes)
console.log(`imported ${fs.fstatSync(file).size} bytes`)
