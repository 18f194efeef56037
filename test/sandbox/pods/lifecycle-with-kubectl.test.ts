/** Proves what a learner sees of sidecars, probes and hooks: real containers, a real engine, the real kubectl. */
import { beforeAll, expect, it } from 'vitest'
import { runCommand } from '#sandbox/command.ts'
import { until } from '#sandbox/until.ts'
import { startTestCluster } from '../../helpers/embedded-cluster.ts'
import { isolation } from '../../helpers/in-node-namespace.ts'
import { binary, describeWith } from '../../helpers/needs.ts'

let kubeconfig: string

const kubectlBinary = binary('kubectl', 'see https://kubernetes.io/docs/tasks/tools/')

/** Runs until SIGTERM, which it tells. */
const untilTold = (name: string, before = ':') =>
  `trap "echo ${name} got SIGTERM; exit 0" TERM; ${before}; while :; do sleep 0.05; done`

describeWith([isolation, kubectlBinary], 'on the embedded cluster, kubectl', () => {
  beforeAll(async () => {
    ;({ kubeconfig } = await startTestCluster())
  })

  it('shows an app that starts once the startup probe of its native sidecar has succeeded', async () => {
    const volumeMounts = [{ name: 'shared', mountPath: '/shared' }]
    await apply('ordered', {
      volumes: [{ name: 'shared', emptyDir: {} }],
      initContainers: [
        {
          ...shell('proxy', untilTold('proxy', 'sleep 1; touch /shared/up')),
          restartPolicy: 'Always',
          volumeMounts,
          startupProbe: { exec: { command: ['test', '-f', '/shared/up'] }, periodSeconds: 1 },
        },
      ],
      containers: [
        { ...shell('app', `test -f /shared/up && echo after the proxy; ${untilTold('app')}`), volumeMounts },
      ],
    })
    await kubectl('wait', '--for=condition=Ready', 'pod/ordered', '--timeout=20s')
    expect(await kubectl('logs', 'ordered', '-c', 'app')).toBe('after the proxy')
    expect(await kubectl('get', 'pod', 'ordered', '--no-headers')).toMatch(/^ordered +2\/2 +Running +0 /)
    await eventually(async () => (await events('ordered')).includes('Started Started container app'))
    expect((await events('ordered')).filter((line) => !/^(Scheduled|Pulled) /.test(line))).toEqual([
      'Created Created container: proxy',
      'Started Started container proxy',
      'Unhealthy Startup probe failed: ',
      'Created Created container: app',
      'Started Started container app',
    ])
  })

  it('shows a container that is not ready until it says so', async () => {
    const server =
      "require('http').createServer((_, r) => r.writeHead(fs.existsSync('/tmp/open') ? 200 : 503).end()).listen(8080)"
    await apply('shop', {
      containers: [
        {
          name: 'app',
          image: 'node:24',
          command: ['node', '-e', server],
          ports: [{ name: 'http', containerPort: 8080 }],
          readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1 },
        },
      ],
    })
    await eventually(async () => (await events('shop')).find((line) => line.includes('statuscode')))
    expect(await kubectl('get', 'pod', 'shop', '--no-headers')).toMatch(/^shop +0\/1 +Running +0 /)
    expect(await events('shop')).toContain(
      'Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 503',
    )
    await kubectl('exec', 'shop', '--', 'touch', '/tmp/open')
    await kubectl('wait', '--for=condition=Ready', 'pod/shop', '--timeout=20s')
    await kubectl('exec', 'shop', '--', 'rm', '/tmp/open')
    await kubectl('wait', '--for=condition=Ready=False', 'pod/shop', '--timeout=20s')
  })

  it('shows that a failing liveness probe restarts its container alone', async () => {
    await apply('sick', {
      containers: [
        {
          ...shell('app', untilTold('app')),
          livenessProbe: {
            exec: { command: ['test', '!', '-e', '/tmp/ill'] },
            periodSeconds: 1,
            failureThreshold: 2,
          },
        },
        shell('log', untilTold('log')),
      ],
    })
    await kubectl('wait', '--for=condition=Ready', 'pod/sick', '--timeout=20s')
    await kubectl('exec', 'sick', '-c', 'app', '--', 'touch', '/tmp/ill')
    await eventually(async () => (await restarts('sick')) === '1 0')
    await kubectl('wait', '--for=condition=Ready', 'pod/sick', '--timeout=20s')
    expect(await kubectl('logs', 'sick', '-c', 'app', '--previous')).toBe('app got SIGTERM')
    expect(await events('sick')).toContain('Killing Container app failed liveness probe, will be restarted')
  })

  it('deletes a pod in order: hooks at once, the app after its own, the sidecar after the app', async () => {
    const say = (text: string) => ['sh', '-c', `echo ${text} >/proc/1/fd/1`]
    await apply('ending', {
      initContainers: [
        {
          ...shell('proxy', untilTold('proxy')),
          restartPolicy: 'Always',
          lifecycle: { preStop: { exec: { command: say('proxy is told early') } } },
        },
      ],
      containers: [{ ...shell('app', untilTold('app')), lifecycle: { preStop: { sleep: { seconds: 3 } } } }],
    })
    await kubectl('wait', '--for=condition=Ready', 'pod/ending', '--timeout=20s')
    const logs = kubectl('logs', 'ending', '--all-containers', '--follow', '--timestamps')
    const startedMs = Date.now()
    await kubectl('delete', 'pod', 'ending')
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(3_000)
    // kubectl follows each container by a stream of its own, so that only the times tell the order.
    const told = (await logs).split('\n').sort()
    expect(told.map((line) => line.slice(line.indexOf(' ') + 1))).toEqual([
      'proxy is told early',
      'app got SIGTERM',
      'proxy got SIGTERM',
    ])
  })

  it('replaces one container when its image changes, and reads the message of one that failed', async () => {
    await apply('changing', {
      restartPolicy: 'Never',
      containers: [
        shell('app', untilTold('app')),
        shell('log', 'echo no disk >/dev/termination-log; exit 3'),
      ],
    })
    await kubectl('wait', '--for=jsonpath={.status.containerStatuses[1].state.terminated}', 'pod/changing')
    const path = 'jsonpath={.status.containerStatuses[1].state.terminated.message}'
    expect(await kubectl('get', 'pod', 'changing', '-o', path)).toBe('no disk')
    await kubectl('set', 'image', 'pod/changing', 'app=alpine')
    await eventually(async () => (await restarts('changing')) === '1 0')
    const told = 'Killing Container app definition changed, will be restarted'
    expect(await events('changing')).toContain(told)
  })
})

function shell(name: string, script: string) {
  return { name, image: 'busybox', command: ['sh', '-c', script] }
}

async function apply(name: string, spec: object): Promise<void> {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }
  await run(['create', '-f', '-'], JSON.stringify(pod))
}

function kubectl(...args: string[]): Promise<string> {
  return run(args)
}

async function run(args: string[], input = ''): Promise<string> {
  const flags = ['--kubeconfig', kubeconfig]
  const { exitCode, stdout, stderr } = await runCommand('kubectl', [...flags, ...args], { input })
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** Reason and message of each, in their order; trailing newlines of messages are left out. */
async function events(pod: string): Promise<string[]> {
  const template = '{range .items[*]}{.metadata.name}|{.reason} {.message}\u001f{end}'
  const field = `involvedObject.name=${pod}`
  const text = await kubectl('get', 'events', '--field-selector', field, '-o', `jsonpath=${template}`)
  const lines = text.split('\u001f').filter(Boolean).sort()
  return lines.map((line) => line.slice(line.indexOf('|') + 1).replace(/\n$/, ''))
}

async function restarts(pod: string): Promise<string> {
  return await kubectl('get', 'pod', pod, '-o', 'jsonpath={.status.containerStatuses[*].restartCount}')
}

async function eventually(condition: () => Promise<unknown>): Promise<void> {
  expect(await until(condition, { timeoutMs: 20_000, intervalMs: 200 })).toBeTruthy()
}
