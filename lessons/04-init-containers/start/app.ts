// A guestbook. GET / shows it, POST / adds an entry and answers with a receipt. You need not change it.
import { createHmac } from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'

const book = process.env.BOOK ?? '/data/book'
const config = JSON.parse(fs.readFileSync(process.env.CONFIG!, 'utf8')) as { title: string; key: string }
const entries = fs.openSync(`${book}/entries.txt`, 'a')

/** The old entries, where somebody has imported them, and then the new ones. */
function page(): string {
  const files = ['old.txt', 'entries.txt'].filter((name) => fs.existsSync(`${book}/${name}`))
  return [`${config.title}\n`, ...files.map((name) => fs.readFileSync(`${book}/${name}`, 'utf8'))].join('\n')
}

async function add(request: http.IncomingMessage): Promise<string> {
  const entry = Buffer.concat(await request.toArray())
  fs.writeSync(entries, `${entry}\n`)
  return `receipt ${createHmac('sha256', config.key).update(entry).digest('hex')}\n`
}

const server = http.createServer(async (request, response) => {
  response.end(request.method === 'POST' ? await add(request) : page())
})
server.listen(8080, () => console.log(`user ${process.getuid!()} opens the ${config.title}`))
process.on('SIGTERM', () => process.exit(0))
