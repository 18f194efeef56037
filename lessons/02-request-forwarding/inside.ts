/** Calls that a program in the app's own container makes: with headers that no HTTP client between would touch. */
import type { Lab } from '#sandbox/course/lab.ts'

/** Where the app listens, inside the pod. */
export const APP_PORT = 9000

/** The error of a call that nobody has answered. */
export const TOO_LATE = 'no whole answer yet'

/** Where to run, and which port to call. */
export interface Place {
  lab: Lab
  pod: string
  container: string
  port: number
}

/** One request. */
export interface Call {
  path: string
  method?: string
  headers?: Record<string, string>
  body?: string
}

/** An answer as the program saw it, or why there was none. */
export interface Answer {
  status?: number
  headers: Record<string, string>
  body: string
  error?: string
  ms: number
}

/** What the callers of an app that fails are told. Those behind the first unexpected answer are not there. */
export interface Failures {
  drop: Answer
  hang?: Answer
  /** Begun before the app hangs, and ended after that. */
  stream?: Answer
  /** Whether the app was told that a caller had left in the middle of an answer. */
  isLeft?: boolean
  away?: Answer
}

/** Asks one after another. */
export function ask(place: Place, ...calls: Call[]): Promise<Answer[]> {
  return run(place, ASK, calls)
}

/** Reads an answer that goes on until it is ended: what had come before that, and all. Ends it after two seconds anyway. */
export function readStream(place: Place, query: string): Promise<{ before: string; all: string }> {
  return run(place, STREAM, query)
}

/** Begins to read an answer that goes on, leaves in the middle of it, and then has the app fail in three ways. */
export function meetFailures(place: Place, query: string): Promise<Failures> {
  return run(place, FAILURES, query)
}

async function run<T>({ lab, pod, container, port }: Place, script: string, input: unknown): Promise<T> {
  const argv = ['node', '-e', PRELUDE + script, JSON.stringify({ port, input })]
  const result = await lab.exec(pod, container, argv, { timeoutMs: 18_000 })
  if (result?.exitCode === 0) return JSON.parse(result.stdout) as T
  throw new Error(`a call in container ${container} failed: ${result?.stderr ?? 'it does not run'}`)
}

const PRELUDE = `
  const http = require('node:http')
  const { port: door, input } = JSON.parse(process.argv[1])
  const tell = (value) => { console.log(JSON.stringify(value)); process.exit(0) }
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
  const ask = ({ path, method, headers, body, port = door, timeoutMs = 4000 }, onPart = () => {}) => new Promise((resolve) => {
    const started = Date.now()
    const answer = { headers: {}, body: '' }
    const settle = (more) => resolve({ ...answer, ...more, ms: Date.now() - started })
    const request = http.request({ host: '127.0.0.1', agent: false, port, path, method, headers }, (response) => {
      Object.assign(answer, { status: response.statusCode, headers: response.headers })
      response.on('data', (part) => { answer.body += part; onPart(answer.body, request) })
      response.on('end', () => settle())
      response.on('error', (error) => settle({ error: error.message }))
    })
    request.on('error', (error) => settle({ error: error.message }))
    request.end(body)
    setTimeout(() => settle({ error: '${TOO_LATE}' }), timeoutMs)
  })
  const end = (query) => ask({ port: ${APP_PORT}, path: '/end?' + query });`

const ASK = `
  (async () => {
    const answers = []
    for (const call of input) answers.push(await ask(call))
    tell(answers)
  })()`

const STREAM = `
  let [seen, before] = ['', undefined]
  const finish = () => { if (before === undefined) { before = seen; end(input) } }
  setTimeout(finish, 2000)
  ask({ path: '/stream?' + input }, (body) => { seen = body; finish() }).then(({ body }) => tell({ before: before ?? '', all: body }))`

const FAILURES = `
  const isAway = async () => (await ask({ port: ${APP_PORT}, path: '/hello' })).error !== undefined
  const takeAway = async () => {
    process.kill(1, 'SIGUSR1')
    while (!(await isAway())) await pause(20)
  }
  const isOver = async (stream) => {
    for (const started = Date.now(); Date.now() - started < 3000; await pause(20)) {
      const { body } = await ask({ port: ${APP_PORT}, path: '/streams' })
      if (!body.split('\\n').includes(stream)) return true
    }
    return false
  }
  (async () => {
    const drop = await ask({ path: '/drop?' + input })
    if (drop.status !== 502) tell({ drop })
    await ask({ path: '/stream?left-' + input }, (_, request) => request.destroy())
    let begin
    const hasBegun = new Promise((resolve) => { begin = resolve })
    const streaming = ask({ path: '/stream?' + input, timeoutMs: 9000 }, begin)
    await Promise.race([hasBegun, streaming])
    const hang = await ask({ path: '/hang?' + input })
    await end(input)
    const stream = await streaming
    const isLeft = await isOver('left-' + input)
    if (hang.status !== 504 || !stream.body.endsWith('last') || !isLeft) {
      await end('left-' + input)
      tell({ drop, hang, stream, isLeft })
    }
    for (;;) {
      await takeAway()
      const away = await ask({ path: '/away?' + input })
      // An answer of 200 proves nothing if the app was back meanwhile.
      const isProof = away.status === undefined || away.status >= 500 || (await isAway())
      while (await isAway()) await pause(50)
      if (isProof) tell({ drop, hang, stream, isLeft, away })
    }
  })()`
