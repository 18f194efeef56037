/** Benchmark of the article's two servers under load, beside a blocking server that closes each connection. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { runCommand } from '#sandbox/command.ts'
import { findBinary } from '#sandbox/find-binary.ts'
import { until } from '#sandbox/until.ts'
import { median, type Row } from '../measure/row.ts'

const RUNS = 7
const RUN_SECONDS = 1
const CONNECTIONS = 16
const HELLO = 'input-http-server'
const GREETING = 'sidecar-output'
const BLOCKING = 'one-thread blocking server that closes each connection'
const BLOCKING_SERVER = fileURLToPath(new URL('../../test/fixtures/blocking-server.pl', import.meta.url))

interface Load {
  requestsPerSecond: number
  p99Ms: number
}

interface Server {
  name: string
  url: string
  stop(): void
}

/** Requests per second and p99 with wrk: 16 kept connections, medians of seven runs that take turns. */
export async function run(): Promise<Row[]> {
  if (!findBinary('wrk'))
    return [{ name: `${HELLO}: requests`, unit: '1/s', runs: 0, note: 'apt-get install wrk' }]
  const servers: Server[] = []
  try {
    servers.push(await startServer(HELLO, [process.execPath, imagePath(HELLO)], '/'))
    servers.push(await startServer(GREETING, [process.execPath, imagePath(GREETING)], '/hello'))
    servers.push(await startServer(BLOCKING, ['perl', BLOCKING_SERVER], '/'))
    const loads = servers.map((): Load[] => [])
    for (let attempt = 0; attempt < RUNS; attempt++) {
      for (const [at, { url }] of servers.entries()) loads[at]!.push(await measure(url))
    }
    return rowsOf(servers, loads)
  } finally {
    for (const server of servers) server.stop()
  }
}

function rowsOf(servers: Server[], loads: Load[][]): Row[] {
  const rates = loads.map((of) => median(of.map(({ requestsPerSecond }) => requestsPerSecond)))
  const p99s = loads.map((of) => median(of.map(({ p99Ms }) => p99Ms)))
  const rows = servers.flatMap(({ name }, at): Row[] => [
    { name: `${name}: requests`, unit: '1/s', value: rates[at]!, runs: RUNS },
    { name: `${name}: p99`, unit: 'ms', value: p99s[at]!, runs: RUNS },
  ])
  const times = rates[0]! / rates.at(-1)!
  return [...rows, { name: `${HELLO} against the ${BLOCKING}`, unit: 'times', value: times, runs: RUNS }]
}

function imagePath(name: string): string {
  return fileURLToPath(new URL(`../../sandbox/images/${name}/main.ts`, import.meta.url))
}

/** The port goes to the server both ways: as PORT and as its last argument. */
async function startServer(name: string, [file = '', ...args]: string[], path: string): Promise<Server> {
  const port = String(await freePort())
  const child = spawn(file, [...args, port], { env: { ...process.env, PORT: port }, stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}${path}`
  const isUp = await until(
    () =>
      fetch(url).then(
        (response) => response.ok,
        () => false,
      ),
    { timeoutMs: 10_000 },
  )
  if (!isUp) {
    child.kill()
    throw new Error(`${name} does not answer at ${url}`)
  }
  return { name, url, stop: () => void child.kill() }
}

async function measure(url: string): Promise<Load> {
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${RUN_SECONDS}`, '--latency', url]
  const { stdout } = await runCommand('wrk', args)
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]
  const p99 = /99%\s+([\d.]+)(us|ms|s)\b/.exec(stdout)
  if (rate === undefined || !p99 || /Non-2xx/.test(stdout))
    throw new Error(`wrk ${args.join(' ')}:\n${stdout}`)
  const unitMs = { us: 0.001, ms: 1, s: 1000 }[p99[2] as 'us' | 'ms' | 's']
  return { requestsPerSecond: Number(rate), p99Ms: Number(p99[1]) * unitMs }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
