/** How fast a forwarded port is: kubectl on this side, a server that sends back what it gets on the other. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { type KubernetesClient, PODS } from '#sandbox/client.ts'
import { findBinary } from '#sandbox/find-binary.ts'
import { expectSoon } from './pod-runner.ts'
import { median, timed, timeRow, type Row } from './row.ts'

const RUNS = 7
const ECHO = { namespace: 'default', name: 'echo' }
const SERVER = "require('net').createServer((s) => s.pipe(s)).listen(9000, '127.0.0.1')"
const BYTES = 16 * 2 ** 20

/** Round trip of a byte, on a connection of its own and on an open one, and throughput there and back. */
export async function forwardRows(client: KubernetesClient, kubeconfig: string): Promise<Row[]> {
  const kubectl = findBinary('kubectl')
  const what = 'port-forward'
  if (!kubectl) return [{ name: what, unit: 'ms', runs: 0, note: 'kubectl is not installed' }]
  await createEcho(client)
  const args = ['--kubeconfig', kubeconfig, 'port-forward', `pod/${ECHO.name}`, ':9000']
  const child = spawn(kubectl, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    let words = ''
    child.stdout.on('data', (chunk: Buffer) => (words += chunk.toString()))
    const portOf = () => Number(/127\.0\.0\.1:(\d+)/.exec(words)?.[1] ?? 0)
    await expectSoon(() => Promise.resolve(portOf() > 0))
    const { fresh, open, rates } = await measure(portOf())
    return [
      timeRow(`${what}: connect and a byte there and back`, fresh),
      timeRow(`${what}: a byte there and back`, open),
      { name: `${what}: throughput there and back`, unit: 'MB/s', value: median(rates), runs: rates.length },
    ]
  } finally {
    child.kill()
    await client.delete(PODS, ECHO, { gracePeriodSeconds: 0 })
    await expectSoon(async () => (await client.find(PODS, ECHO)) === undefined)
  }
}

async function createEcho(client: KubernetesClient): Promise<void> {
  const containers = [{ name: 'app', image: 'node:24', command: ['node', '-e', SERVER] }]
  await client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: ECHO, spec: { containers } })
  await expectSoon(async () => (await client.get(PODS, ECHO)).status.phase === 'Running')
}

async function measure(port: number): Promise<{ fresh: number[]; open: number[]; rates: number[] }> {
  const [fresh, open, rates] = [[] as number[], [] as number[], [] as number[]]
  await answering(port)
  for (let attempt = 0; attempt < RUNS; attempt++) {
    let socket: Socket
    fresh.push(
      await timed(async () => {
        socket = connect(port, '127.0.0.1')
        await roundTrip(socket, 1)
      }),
    )
    open.push(await timed(() => roundTrip(socket, 1)))
    const ms = await timed(() => roundTrip(socket, BYTES))
    rates.push(BYTES / 1e6 / (ms / 1000))
    socket!.destroy()
  }
  return { fresh, open, rates }
}

/** A running container may not listen yet. */
async function answering(port: number): Promise<void> {
  await expectSoon(async () => {
    const socket = connect(port, '127.0.0.1')
    const isThere = await Promise.race([
      roundTrip(socket, 1).then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    return isThere
  })
}

function roundTrip(socket: Socket, length: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = length
    function take(chunk: Buffer): void {
      left -= chunk.length
      if (left > 0) return
      socket.off('data', take).off('error', reject)
      resolve()
    }
    socket.on('data', take).on('error', reject)
    socket.write(Buffer.alloc(length))
  })
}
