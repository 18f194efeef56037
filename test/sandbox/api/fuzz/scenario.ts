/** Sends hostile requests to an API server that may write to its own folder alone, and says what it did wrong. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, type RequestOptions, request as startRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { EVENTS } from '#sandbox/client.ts'
import { connect as connectTo } from '#sandbox/kubeconfig.ts'
import { type Random, createRandom } from '../../../helpers/random.ts'
import { type HostileRequest, createRequests } from './requests.ts'
import type { Grown, Ready } from './server.ts'
import { garbled } from './values.ts'

/** What came of it all. `offences` name the request; the counts are there to see that the requests got anywhere. */
export interface FuzzReport {
  offences: string[]
  answers: Record<number, number>
  /** How the process ended, where it did. */
  ended: string | undefined
  /** Names that every object inherits now and did not before. */
  polluted: string[]
  grownBytes: number
  /** Texts of the API that tell of a file which the process may not write. */
  trespasses: string[]
}

const AT_ONCE = 16
/** A watch, or a log that is followed, is left after so long. */
const PATIENCE_MS = 100
/** Whoever waits so long for the head of an answer has found a request that blocks the server. */
const STALLED_MS = 10_000
const STALLED = { code: 599, text: 'no answer' }
const HONEST = new Set([501, 503, 504])

/** Sends `count` requests that follow from `seed`. */
export async function fuzz({ seed, count }: { seed: number; count: number }): Promise<FuzzReport> {
  const folder = mkdtempSync(join(tmpdir(), 'sidecar-fuzz-'))
  const { child, words } = startServer(folder)
  try {
    const [ready] = (await once(child, 'message')) as [Ready]
    const before = await ask(child)
    const random = createRandom(seed)
    const next = await createRequests(random)
    const report: FuzzReport = {
      offences: [],
      answers: {},
      ended: undefined,
      polluted: [],
      grownBytes: 0,
      trespasses: [],
    }
    const sender = createSender(ready, random)
    let left = count
    const isAlive = () => child.exitCode === null && child.signalCode === null
    const lane = async () => {
      while (left-- > 0 && isAlive()) note(report, await sender.send(next()))
    }
    await Promise.all(Array.from({ length: AT_ONCE }, lane))
    if (!isAlive()) return { ...report, ended: words() }
    sender.close()
    const after = await ask(child)
    return {
      ...report,
      polluted: after.inherited.filter((name) => !before.inherited.includes(name)),
      grownBytes: after.heapBytes - before.heapBytes,
      trespasses: await trespasses(ready),
    }
  } finally {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    rmSync(folder, { recursive: true, force: true })
  }
}

function startServer(folder: string): { child: ChildProcess; words(): string } {
  // The kernel of the proof: what it would write elsewhere, or start, Node refuses.
  const execArgv = ['--expose-gc', '--permission', '--allow-fs-read=*', `--allow-fs-write=${folder}`]
  const path = new URL('server.ts', import.meta.url).pathname
  const child = fork(path, [folder], { execArgv, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  let text = ''
  for (const output of [child.stdout!, child.stderr!])
    output.on('data', (chunk: Buffer) => (text = `${text}${chunk.toString()}`.slice(-5_000)))
  return { child, words: () => `${child.exitCode ?? child.signalCode}: ${text}` }
}

async function ask(child: ChildProcess): Promise<Grown> {
  child.send('grown?')
  const [grown] = (await once(child, 'message')) as [Grown]
  return grown
}

/** What Node refused the process it has told in an event, as all that hinders a pod. */
async function trespasses({ port, certificate: ca, token }: Ready): Promise<string[]> {
  const client = connectTo({ server: `https://127.0.0.1:${port}`, ca, token, namespace: 'default' })
  const { items } = await client.list(EVENTS)
  return items.map(({ message = '' }) => message).filter((text) => text.includes('has been restricted'))
}

interface Answer {
  request: string
  code: number | undefined
  text: string
}

function note(report: FuzzReport, { request, code, text }: Answer): void {
  const key = code ?? 0
  report.answers[key] = (report.answers[key] ?? 0) + 1
  if (code === undefined || code < 500) return
  const isTold = request.startsWith('HEAD ') || text.includes('"kind":"Status"')
  if (HONEST.has(code) && isTold) return
  if (report.offences.length < 10)
    report.offences.push(`${request.slice(0, 800)}\n-> ${code} ${text.slice(0, 500)}`)
}

function createSender({ port, certificate: ca, token }: Ready, random: Random) {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE, ca })
  const authorization = `Bearer ${token}`
  const plain = (path: string, options: RequestOptions = {}, body: Buffer = Buffer.alloc(0)) =>
    exchange({ port, path, agent, ...options, headers: { authorization, ...options.headers } }, body)
  return {
    plain,
    close: () => agent.destroy(),
    async send(hostile: HostileRequest): Promise<Answer> {
      const { method, path, headers, body } = hostile
      const shown = `${method} ${path} ${JSON.stringify(headers)} ${body.toString().slice(0, 800)}`
      if (random.chance(0.05)) {
        const bytes = rawBytes(random, hostile, authorization)
        const text = await exchangeRaw(port, ca, bytes)
        const code = Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]) || undefined
        return { request: bytes.toString('latin1'), code, text }
      }
      const answer = await plain(path, { method, headers }, body)
      return { request: shown, code: answer?.code, text: answer?.text ?? '' }
    },
  }
}

/** `undefined` when the connection ended without an answer, or the request can't be said in HTTP. */
function exchange(
  options: RequestOptions,
  body: Buffer,
): Promise<{ code: number; text: string } | undefined> {
  return new Promise((resolve) => {
    try {
      const length = body.length > 0 ? { 'content-length': String(body.length) } : {}
      const headers = { ...options.headers, ...length } as Record<string, string>
      const outgoing = startRequest({ host: '127.0.0.1', ...options, headers }, (response) => {
        let text = ''
        const end = () => {
          clearTimeout(timer)
          response.destroy()
          resolve({ code: response.statusCode ?? 0, text })
        }
        const timer = setTimeout(end, PATIENCE_MS)
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () => {
          clearTimeout(timer)
          resolve({ code: response.statusCode ?? 0, text })
        })
        response.on('error', end)
      })
      outgoing.setTimeout(STALLED_MS, () => outgoing.destroy(new Error('stalled')))
      outgoing.on('error', ({ message }) => resolve(message === 'stalled' ? STALLED : undefined))
      outgoing.end(body)
    } catch {
      resolve(undefined)
    }
  })
}

/** A request, or the handshake of an upgrade with bytes behind it, as it goes over the wire, and not quite so. */
function rawBytes(
  random: Random,
  { method, path, headers, body }: HostileRequest,
  authorization: string,
): Buffer {
  const pod = '/api/v1/namespaces/default/pods/a'
  const isUpgrade = random.chance(0.6)
  const streams = [
    'exec?command=sh&stdout=true',
    'attach?stdin=true',
    'portforward?ports=80',
    'portforward',
    'log',
  ]
  const target = isUpgrade
    ? random.pick([`${pod}/${random.pick(streams)}`, path, '//[', 'http://[', '*', ''])
    : path
  const upgrade = {
    connection: random.pick(['Upgrade', 'upgrade, close', 'keep-alive']),
    upgrade: random.pick(['websocket', 'SPDY/3.1', 'h2c', 'websocket, SPDY/3.1', '\u00ff']),
    'sec-websocket-key': random.pick(['dGhlIHNhbXBsZSBub25jZQ==', '', 'short', 'x'.repeat(5_000)]),
    'sec-websocket-version': random.pick(['13', '8', '-1']),
    'sec-websocket-protocol': random.pick([
      'v5.channel.k8s.io',
      'v4.channel.k8s.io',
      ',,,',
      'SPDY/3.1+portforward.k8s.io',
    ]),
    'x-stream-protocol-version': random.pick(['v4.channel.k8s.io', 'portforward.k8s.io', '']),
  }
  const all = { host: '127.0.0.1', authorization, ...headers, ...(isUpgrade ? upgrade : {}) }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = Buffer.from(
    `${isUpgrade ? 'GET' : method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`,
    'latin1',
  )
  const behind = isUpgrade ? random.bytes(random.int(200)) : body
  const whole = Buffer.concat([head, behind])
  return random.chance(0.4) ? garbled(random, whole) : whole
}

function exchangeRaw(port: number, ca: string, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect({ port, host: '127.0.0.1', ca }, () => socket.write(bytes))
    const timer = setTimeout(end, PATIENCE_MS)
    function end() {
      clearTimeout(timer)
      socket.destroy()
      resolve(text)
    }
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
    socket.on('end', end).on('error', end)
  })
}
