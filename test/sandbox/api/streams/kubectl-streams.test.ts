/** Proves exec, attach, run -i, cp and port-forward with real kubectls, over WebSocket and over SPDY, on a real cluster. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { KubeConfig, PortForward } from '@kubernetes/client-node'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { PODS } from '#sandbox/client.ts'
import { until } from '#sandbox/until.ts'
import { type TestCluster, processesWith, startTestCluster } from '../../../helpers/embedded-cluster.ts'
import { isolation } from '../../../helpers/in-node-namespace.ts'
import { findKubectls } from '../../../helpers/kubectl-versions.ts'
import { binary, describeWith } from '../../../helpers/needs.ts'
import { temporaryFolder } from '../../../helpers/temp-folder.ts'
import { openTerminal } from '../../../helpers/terminal.ts'

/** 8080 and 9000 are on the pod's own 127.0.0.1; 9000 sends back what it gets. */
const SERVER = `
require('http').createServer((q, r) => r.end('hello ' + q.url)).listen(8080, '127.0.0.1')
require('net').createServer({ allowHalfOpen: true }, (s) => s.pipe(s)).listen(9000, '127.0.0.1')`
const TICKER = 'trap "exit 0" TERM; while :; do echo tick; sleep 0.1; done'

let cluster: TestCluster

const needs = [isolation, binary('kubectl', 'see https://kubernetes.io/docs/tasks/tools/')]

// The oldest that is supported, the first that forwards ports over WebSocket alone, and the newest.
const kubectls = findKubectls().filter(
  ({ minor }, index, all) => index === 0 || minor === 33 || index === all.length - 1,
)
const wires = [
  ['WebSocket', 'true'],
  ['SPDY', 'false'],
] as const
const cases = kubectls.flatMap((kubectl) =>
  wires.map((wire) => [kubectl.minor, wire[0], kubectl.path, wire[1]] as const),
)

describeWith(needs, 'streams', () => {
  beforeAll(async () => {
    cluster = await startTestCluster()
    const containers = [
      { name: 'server', image: 'node:24', command: ['node', '-e', SERVER] },
      { name: 'ticker', image: 'busybox', command: ['sh', '-c', TICKER] },
    ]
    await cluster.client.create(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace: 'default' },
      spec: { containers, terminationGracePeriodSeconds: 1 },
    })
    const isReady = async () => {
      const { status } = await cluster.client.get(PODS, { namespace: 'default', name: 'web' })
      return status.containerStatuses?.every(({ ready }) => ready)
    }
    await until(isReady, { timeoutMs: 20_000 })
  })

  describe.each(cases)('of kubectl 1.%i over %s', (_minor, _wire, path, useWebSockets) => {
    const environment = () => ({
      ...process.env,
      KUBECONFIG: cluster.kubeconfig,
      KUBECTL_REMOTE_COMMAND_WEBSOCKETS: useWebSockets,
      KUBECTL_PORT_FORWARD_WEBSOCKETS: useWebSockets,
    })

    /** Both outputs and the exit code. */
    function kubectl(args: string[], input = ''): Promise<{ stdout: string; stderr: string; code: number }> {
      return new Promise((resolve) => {
        const options = { env: environment(), timeout: 30_000, maxBuffer: 1e8 }
        const child = execFile(path, args, options, (error, stdout, stderr) => {
          resolve({ stdout, stderr, code: error ? Number(error.code ?? -1) : 0 })
        })
        child.stdin!.end(input)
      })
    }

    function start(...args: string[]): ChildProcess & { text(): string } {
      const child = spawn(path, args, { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
      let words = ''
      for (const output of [child.stdout, child.stderr])
        output.on('data', (chunk: Buffer) => (words += chunk.toString()))
      onTestFinished(() => void child.kill('SIGKILL'))
      return Object.assign(child, { text: () => words })
    }

    /** The local ports of a forward that runs until the test ends. */
    async function forward(...ports: number[]): Promise<{ ports: number[]; said(): string }> {
      const child = start('port-forward', 'pod/web', ...ports.map((port) => `:${port}`))
      const locals = () =>
        ports.map((port) => Number(new RegExp(`127.0.0.1:(\\d+) -> ${port}\\b`).exec(child.text())?.[1]))
      await until(() => !locals().some(Number.isNaN), { timeoutMs: 10_000 })
      return { ports: locals(), said: child.text }
    }

    it('exec: outputs, input and exit code', async () => {
      const command = ['exec', '-i', 'web', '-c', 'ticker', '--', 'sh', '-c', 'cat; echo problem >&2; exit 3']
      const { stdout, stderr, code } = await kubectl(command, 'from my side\n')
      expect([stdout, code]).toEqual(['from my side\n', 3])
      expect(stderr).toBe('problem\ncommand terminated with exit code 3\n')
    })

    it('exec: what can not run says why', async () => {
      const { stderr, code } = await kubectl(['exec', 'web', '-c', 'ticker', '--', 'no-such-program'])
      expect(stderr).toContain('exec: "no-such-program": executable file not found in $PATH')
      expect(code).toBe(1)
      const wrong = await kubectl(['exec', 'web', '-c', 'nobody', '--', 'true'])
      expect(wrong.stderr).toContain('container nobody is not valid for pod web')
    })

    it('exec -it: a terminal of my size, which Ctrl-C reaches', async () => {
      const env = environment() as Record<string, string>
      const terminal = openTerminal(path, ['exec', '-it', 'web', '-c', 'ticker', '--', 'sh'], env)
      await terminal.see(/[#$] $/)
      terminal.type('stty size; tty\r')
      await terminal.see(/40 80\n\/dev\/pts\/\d+\n/)
      terminal.type('sleep 100\r')
      await terminal.see(/sleep 100\n/)
      terminal.type('\u0003')
      await terminal.see(/[#$] $/)
      terminal.type('exit 5\r')
      expect(await terminal.exit()).toBe(5)
    })

    it('attach: what the container says from now on; it runs on when I leave', async () => {
      const child = start('attach', 'web', '-c', 'ticker')
      expect(await until(() => /(tick\n){3}/.test(child.text()), { timeoutMs: 10_000 })).toBe(true)
      child.kill('SIGINT')
      const pod = await cluster.client.get(PODS, { namespace: 'default', name: 'web' })
      const ticker = pod.status.containerStatuses?.find(({ name }) => name === 'ticker')
      expect(ticker).toMatchObject({ ready: true, restartCount: 0 })
    })

    it('run -i --rm: input in, output out, the exit code, and no pod left', async () => {
      const run = ['run', 'visitor', '-i', '--rm', '--quiet', '--image=busybox', '--restart=Never', '--']
      const { stdout, code } = await kubectl([...run, 'sh', '-c', 'cat; exit 4'], 'one\ntwo\n')
      expect([stdout.slice(0, 8), code]).toEqual(['one\ntwo\n', 4])
      expect(await cluster.client.find(PODS, { namespace: 'default', name: 'visitor' })).toBeUndefined()
    })

    it('cp: a file there and back, byte for byte', async () => {
      const folder = temporaryFolder()
      const bytes = randomBytes(3_000_000)
      const [mine, copy] = [join(folder, 'mine'), join(folder, 'copy')]
      writeFileSync(mine, bytes)
      expect(await kubectl(['cp', mine, 'web:/tmp/theirs', '-c', 'ticker'])).toMatchObject({ code: 0 })
      expect(await kubectl(['cp', 'web:/tmp/theirs', copy, '-c', 'ticker'])).toMatchObject({ code: 0 })
      expect(readFileSync(copy).equals(bytes)).toBe(true)
    })

    it('port-forward: many connections at once to the pod’s own 127.0.0.1, each half to its end', async () => {
      const { ports } = await forward(8080, 9000)
      expect(await (await fetch(`http://127.0.0.1:${ports[0]}/page`)).text()).toBe('hello /page')
      const echo = async (bytes: Buffer) => {
        const socket = connect({ port: ports[1]!, host: '127.0.0.1', allowHalfOpen: true })
        socket.end(bytes)
        return (await buffer(socket)).equals(bytes)
      }
      const payloads = Array.from({ length: 40 }, (_, index) => randomBytes(index * 5_000))
      expect(await Promise.all(payloads.map(echo))).toEqual(payloads.map(() => true))
      expect(await echo(randomBytes(10_000_000))).toBe(true)
    })

    it('port-forward: a port where nobody listens is told', async () => {
      const { ports, said } = await forward(81)
      const socket = connect(ports[0]!, '127.0.0.1')
      await text(socket).catch(() => '')
      expect(await until(() => said().includes('ECONNREFUSED 127.0.0.1:81'), { timeoutMs: 5_000 })).toBe(true)
      expect(said()).toContain('error forwarding port 81 to pod web')
    })
  })

  it('of the JavaScript client forward a port', async () => {
    const config = new KubeConfig()
    config.loadFromFile(cluster.kubeconfig)
    const [output, input] = [new PassThrough(), new PassThrough()]
    const socket = await new PortForward(config).portForward('default', 'web', [8080], output, null, input)
    input.write('GET /js HTTP/1.0\r\n\r\n')
    let said = ''
    output.on('data', (chunk: Buffer) => (said += chunk.toString()))
    expect(await until(() => said.endsWith('hello /js'), { timeoutMs: 10_000 })).toBe(true)
    ;(socket as { close(): void }).close()
  })

  it('end with the pod: no process stays in its network', async () => {
    const engine = processesWith(`engine.ts\0${cluster.state}`).find(
      (pid) => namespaceOf(pid) !== namespaceOf('self'),
    )!
    const agents = () =>
      processesWith('loopback-agent.ts').filter((pid) => namespaceOf(pid) === namespaceOf(engine))
    expect(agents()).toHaveLength(1)
    await cluster.client.delete(PODS, { namespace: 'default', name: 'web' })
    expect(await until(() => agents().length === 0, { timeoutMs: 10_000 })).toBe(true)
  })
})

function namespaceOf(pid: number | 'self'): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`)
  } catch {
    return 'ended'
  }
}
