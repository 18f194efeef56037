// Passes each call on with fetch, which follows redirects unless it is told not to.
import http from 'node:http'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'

const ownOfAHop = ['host', 'connection', 'keep-alive', 'transfer-encoding', 'content-length']

async function handle(call: http.IncomingMessage, answer: http.ServerResponse): Promise<void> {
  const headers = { ...call.headers } as Record<string, string>
  for (const name of ownOfAHop) delete headers[name]
  const hasBody = !['GET', 'HEAD'].includes(call.method!)
  const reply = await fetch(`http://prices${call.url}`, {
    method: call.method,
    headers,
    body: hasBody ? Readable.toWeb(call) : undefined,
    duplex: 'half',
    redirect: 'manual',
  } as RequestInit)
  console.log(`${call.method} ${call.url} was answered ${reply.status}`)
  answer.writeHead(reply.status, Object.fromEntries(reply.headers))
  if (reply.body) Readable.fromWeb(reply.body as ReadableStream).pipe(answer)
  else answer.end()
}

const server = http.createServer((call, answer) => {
  handle(call, answer).catch(() => answer.writeHead(502).end())
})
server.listen(7979)
process.on('SIGTERM', () => process.exit(0))
