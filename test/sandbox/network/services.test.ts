/** Proves Services, names and the API server as pods see them, on a real cluster. */
import { beforeAll, expect, it } from 'vitest'
import { PODS } from '#sandbox/client.ts'
import { type ExecResult, execInPod } from '#sandbox/exec.ts'
import { ENDPOINT_SLICES, SERVICES } from '#sandbox/kinds.ts'
import type { EndpointSlice, Pod } from '#sandbox/objects.ts'
import { until } from '#sandbox/until.ts'
import { type TestCluster, startTestCluster } from '../../helpers/embedded-cluster.ts'
import { isolation } from '../../helpers/in-node-namespace.ts'
import { describeWith } from '../../helpers/needs.ts'

const namespace = 'default'
const SERVER = `
process.on('SIGTERM', () => process.exit())
require('http').createServer((q, r) => r.end(require('os').hostname())).listen(8080)`
/** Prints each answer, or the code of what went wrong. */
const ASK = `
;(async () => {
  for (const url of process.argv.slice(1))
    console.log(await fetch(url).then((r) => r.text(), (error) => error.cause.code))
})()`
const LOOK_UP = `
const { resolve4, resolveSrv } = require('dns/promises')
const [name, ...srv] = process.argv.slice(1)
resolve4(name).then((all) => console.log(all.length), (error) => console.log(error.code))
srv.forEach((one) => resolveSrv(one).then((all) => console.log(all.map((s) => s.name + ':' + s.port).sort().join())))`
const CALL_API = `
const [, path, withToken] = process.argv
const [ca, token] = ['ca.crt', 'token'].map((name) =>
  fs.readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/' + name))
const headers = withToken ? { authorization: 'Bearer ' + token } : {}
https.get({ host: 'kubernetes.default.svc', path, ca, headers }, (r) => r.pipe(process.stdout))`

let cluster: TestCluster

describeWith([isolation], 'a pod', () => {
  beforeAll(async () => {
    cluster = await startTestCluster()
    for (const name of ['one', 'two']) await createServer(name)
    await create(SERVICES, 'web', {
      selector: { app: 'web' },
      ports: [{ name: 'http', port: 80, targetPort: 'web' }],
    })
    await create(SERVICES, 'heads', {
      clusterIP: 'None',
      selector: { app: 'web' },
      ports: [{ name: 'http', port: 80, targetPort: 'web' }],
    })
    await create(SERVICES, 'nobody', { selector: { app: 'nobody' }, ports: [{ port: 80 }] })
    await waitForEndpoints(2)
  })

  it('reaches the endpoints of a Service in turn, by every form of its name', async () => {
    const forms = ['web', 'web.default', 'web.default.svc', 'web.default.svc.cluster.local']
    const said = await ask(...forms.map((name) => `http://${name}/`))
    expect(said.toSorted()).toEqual(['one', 'one', 'two', 'two'])
  })

  it('reaches itself behind its own Service', async () => {
    expect((await ask('http://web/', 'http://web/')).sort()).toEqual(['one', 'two'])
  })

  it('is refused by a Service without endpoints, and by an address without a Service', async () => {
    expect(await ask('http://nobody/', 'http://web:81/', 'http://10.96.200.200/')).toEqual(
      Array(3).fill('ECONNREFUSED'),
    )
  })

  it('finds the pods behind a headless Service, and their ports', async () => {
    expect(await ask('http://one.heads:8080/', 'http://two.heads:8080/')).toEqual(['one', 'two'])
    const domain = 'heads.default.svc.cluster.local'
    const { stdout } = await node('one', LOOK_UP, domain, `_http._tcp.${domain}`)
    expect(stdout.trim().split('\n').sort()).toEqual(['2', `one.${domain}:8080,two.${domain}:8080`])
  })

  it('looks up a name of the world in vain, and at once', async () => {
    const startedMs = performance.now()
    expect((await node('one', LOOK_UP, 'example.com')).stdout.trim()).toBe('EREFUSED')
    expect(await ask('http://example.com/')).toEqual(['EAI_AGAIN'])
    expect(performance.now() - startedMs).toBeLessThan(5_000)
  })

  it('talks to the API server as its ServiceAccount, over TLS', async () => {
    const path = '/api/v1/namespaces/default/pods/one'
    const { stdout, stderr } = await node('one', CALL_API, path, 'with its token')
    expect(stderr).toBe('')
    expect((JSON.parse(stdout) as Pod).metadata.name).toBe('one')
    expect((await node('one', CALL_API, path)).stdout).toContain('"code":401')
  })

  it('is out of its Service when it is not ready, and back when it is', async () => {
    await exec('two', 'rm', '/tmp/ready')
    await waitForEndpoints(1)
    expect(new Set(await ask('http://web/', 'http://web/', 'http://web/'))).toEqual(new Set(['one']))
    await exec('two', 'touch', '/tmp/ready')
    await waitForEndpoints(2)
    expect((await ask('http://web/', 'http://web/')).sort()).toEqual(['one', 'two'])
  })
})

async function createServer(name: string): Promise<void> {
  await cluster.client.create(PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: 'web' } },
    spec: {
      hostname: name,
      subdomain: 'heads',
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'app',
          image: 'node:24',
          command: ['sh', '-c', 'touch /tmp/ready; exec node -e "$0"', SERVER],
          ports: [{ name: 'web', containerPort: 8080 }],
          readinessProbe: {
            exec: { command: ['test', '-f', '/tmp/ready'] },
            periodSeconds: 1,
            failureThreshold: 1,
          },
        },
      ],
    },
  })
}

async function create(resource: typeof SERVICES, name: string, spec: Record<string, unknown>): Promise<void> {
  await cluster.client.create(resource, {
    apiVersion: 'v1',
    kind: resource.kind,
    metadata: { name, namespace },
    spec,
  })
}

/** What the name server and the proxy know is what the slices say, a moment later. */
async function waitForEndpoints(count: number): Promise<void> {
  const isSo = async () => {
    const { items } = await cluster.client.list(ENDPOINT_SLICES, { namespace })
    const mine = items.filter(({ metadata }) => !metadata.name.startsWith('kubernetes'))
    if (mine.filter((slice) => readyIn(slice) === count).length !== 2) return false
    const { stdout } = await node('one', LOOK_UP, 'heads.default.svc.cluster.local')
    return stdout.trim() === String(count)
  }
  if (!(await until(isSo, { timeoutMs: 20_000 }))) throw new Error(`never ${count} endpoints`)
}

function readyIn({ endpoints }: EndpointSlice): number {
  return (endpoints ?? []).filter(({ conditions }) => conditions?.ready).length
}

async function ask(...urls: string[]): Promise<string[]> {
  const { stdout } = await node('one', ASK, ...urls)
  return stdout.trim().split('\n')
}

function node(pod: string, script: string, ...args: string[]): Promise<ExecResult> {
  return exec(pod, 'node', '-e', script, ...args)
}

function exec(name: string, ...argv: string[]): Promise<ExecResult> {
  return execInPod(cluster.connection, { namespace, name }, { container: 'app', argv })
}
