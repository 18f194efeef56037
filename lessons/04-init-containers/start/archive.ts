// The archive. GET /book?for=NAME hands out the old entries, GET /ready?for=NAME says whether it can. The entries lie
// in the cellar, so that each NAME is told to ask again for a while. With &cut=first the first book that a NAME gets
// ends in the middle, as on a bad network.
import http from 'node:http'

const fetchMs = Number(process.env.FETCH_SECONDS ?? 3) * 1000
const names = 'Bea Caio Dora Enzo Flora Gil Hana Ivo Jana Kai Lia Marc'.split(' ')
const text = names.map((name, index) => `${name} was here in ${2012 + index}\n`).join('')

/** When each name asked first, and who has been cut off. */
const firstAsked = new Map<string, number>()
const cut = new Set<string>()

function answer(request: http.IncomingMessage, response: http.ServerResponse): string {
  const { pathname, searchParams } = new URL(request.url!, 'http://archive')
  const name = searchParams.get('for')
  if (!name) return end(response, 400, 'say who asks: /book?for=NAME\n')
  if (!firstAsked.has(name)) firstAsked.set(name, Date.now())
  if (Date.now() < firstAsked.get(name)! + fetchMs)
    return end(response, 503, 'still in the cellar, ask again\n')
  if (pathname === '/ready') return end(response, 200, 'ready\n')
  if (searchParams.get('cut') !== 'first' || cut.has(name)) return end(response, 200, text)
  cut.add(name)
  response.writeHead(200, { 'content-length': text.length })
  response.write(text.slice(0, text.length / 2), () => setTimeout(() => response.destroy(), 50))
  return 'cut'
}

function end(response: http.ServerResponse, status: number, body: string): string {
  response.writeHead(status).end(body)
  return `${status}`
}

const server = http.createServer((request, response) => {
  console.log(`${request.url} ${answer(request, response)}`)
})
server.listen(8080)
process.on('SIGTERM', () => process.exit(0))
