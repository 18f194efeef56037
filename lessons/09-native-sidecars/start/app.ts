// The app. It speaks to its proxy only, needs it once before it can begin, and gives up when nobody is there.
import http from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

const proxy = 'http://127.0.0.1:7979'

await pause(1_000) // an app has things of its own to load
try {
  const settings = await fetch(`${proxy}/settings`)
  console.log(`settings: ${settings.status}`)
} catch {
  console.error('nobody answers on 127.0.0.1:7979')
  process.exit(1)
}

/** Passes a request on to the proxy. Once it has begun, the app lives through a moment without it. */
async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  try {
    const answered = await fetch(`${proxy}${request.url}`)
    response.writeHead(answered.status).end(await answered.text())
  } catch {
    response.writeHead(502).end('nobody answers on 127.0.0.1:7979\n')
  }
}

http.createServer(answer).listen(8080, () => console.log('open'))
process.on('SIGTERM', () => process.exit(0))
