// The price service. It logs each call with its headers, and has its bad days. Leave it as it is.
import fs from 'node:fs'
import http from 'node:http'
import { text } from 'node:stream/consumers'

/** How often each call has come: the first tries of some are to fail. */
const tries = new Map<string, number>()
/** Answers of which half is sent, and what sends the rest. */
const held = new Map<string, () => void>()

async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const { method = '', url = '', headers } = request
  const { pathname, searchParams } = new URL(url, 'http://prices')
  const [, what = '', item = ''] = pathname.split('/')
  if (what === 'ready') return void response.end('ready\n')
  if (what === 'release') return void response.end(held.get(item)?.() ?? 'released\n')
  const body = await text(request)
  const token = fs.readFileSync('/secret/token', 'utf8')
  const isKnown = headers.authorization === `Bearer ${token}`
  // A credential never goes into a log, not even a wrong one.
  if (headers.authorization) headers.authorization = isKnown ? '(right)' : '(wrong)'
  console.log(JSON.stringify({ method, url, headers, body: body || undefined }))

  const asked = `${method} ${url}`
  const nth = (tries.get(asked) ?? 0) + 1
  tries.set(asked, nth)
  if (nth <= Number(searchParams.get('drop'))) return void request.socket.destroy()
  if (searchParams.has('hang')) {
    const hangMs = Number(searchParams.get('hang')) || 30_000
    return void setTimeout(() => request.socket.destroy(), hangMs)
  }
  const send = (status: number, value: object) => {
    const whole = `${JSON.stringify(value)}\n`
    response.writeHead(status, { 'content-type': 'application/json' })
    response.write(whole.slice(0, 10))
    const sendRest = () => void (response.writableEnded || response.end(whole.slice(10)))
    if (!searchParams.has('hold')) return sendRest()
    held.set(item, sendRest)
    const holdMs = Number(searchParams.get('hold'))
    if (holdMs > 0) setTimeout(sendRest, holdMs)
  }
  if (nth <= Number(searchParams.get('fail'))) return send(503, { error: 'too much to do' })
  if (!/^prices(\.|:|$)/.test(headers.host ?? '')) {
    return send(421, { error: `nobody here is called ${headers.host}` })
  }
  if (what === 'old') return void response.writeHead(302, { location: `/prices/${item}` }).end()
  if (what === 'contracts' && !isKnown) return send(401, { error: 'who are you?' })
  if (what === 'contracts') return send(200, { item, price: 2, asked })
  if (what === 'prices' && method === 'GET') return send(200, { item, price: 3, asked })
  if (what === 'orders' && method === 'POST') return send(201, { item, order: body, asked })
  send(404, { error: 'no such thing here' })
}

http.createServer((request, response) => void answer(request, response).catch(() => {})).listen(8080)
process.on('SIGTERM', () => process.exit(0))
