/** Proves Services and what is behind them with the real kubectl: addresses, ports, readiness. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PODS } from '#sandbox/client.ts'
import { ENDPOINT_SLICES } from '#sandbox/kinds.ts'
import { until } from '#sandbox/until.ts'
import { type KubectlTest, kubectlNeeds, startKubectlTest } from '../../helpers/kubectl.ts'
import { describeWith } from '../../helpers/needs.ts'

let test: KubectlTest

describeWith(kubectlNeeds, 'a Service', () => {
  beforeAll(async () => {
    test = await startKubectlTest()
  })
  afterAll(() => test.stop())

  it('of the API server is there from the start', async () => {
    expect(await test.run('default', 'get', 'svc,endpointslices')).toMatchInlineSnapshot(`
      "NAME                 TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE
      service/kubernetes   ClusterIP   10.96.0.1    <none>        443/TCP   0s

      NAME                                        ADDRESSTYPE   PORTS   ENDPOINTS    AGE
      endpointslice.discovery.k8s.io/kubernetes   IPv4          6443    10.244.0.1   0s"
    `)
  })

  it('is made by expose, and knows the pods behind it', async () => {
    const namespace = await test.createNamespace('expose')
    const run = (...args: string[]) => test.run(namespace, ...args)
    await run('create', 'deployment', 'web', '--image=nginx', '--replicas=2', '--port=80')
    await run('rollout', 'status', 'deploy/web', '--timeout=20s')
    expect(await run('expose', 'deploy', 'web', '--port=8080', '--target-port=80')).toBe(
      'service/web exposed',
    )
    expect(await run('get', 'svc', 'web', '-o', 'wide', '--no-headers')).toMatch(
      /^web +ClusterIP +10\.96\.\d+\.\d+ +<none> +8080\/TCP +0s +app=web$/,
    )
    const isKnown = await until(async () => (await endpointsOf(namespace, 'web')).length === 2, {
      timeoutMs: 5_000,
    })
    expect(isKnown).toBe(true)
    expect(await run('describe', 'svc', 'web')).toMatch(/Endpoints: +10\.244\.0\.\d+:80,10\.244\.0\.\d+:80/)
    await run('delete', 'svc', 'web')
    const isGone = await until(async () => (await endpointsOf(namespace, 'web')).length === 0, {
      timeoutMs: 5_000,
    })
    expect(isGone).toBe(true)
  })

  it('follows readiness, also of pods it publishes unready, and finds ports by name', async () => {
    const namespace = await test.createNamespace('ready')
    await test.write('ready.yaml', READY)
    expect(await test.run(namespace, 'apply', '-f', 'ready.yaml')).toContain('service/early created')
    const states = async () =>
      (await endpointsOf(namespace, 'web')).concat(await endpointsOf(namespace, 'early'))
    const reach = (wanted: unknown) =>
      until(async () => JSON.stringify(await states()) === JSON.stringify(wanted), { timeoutMs: 5_000 })
    expect(await reach(['8080 ready', '8080 ready'])).toBe(true)
    await test.client.patch(
      PODS,
      { namespace, name: 'web' },
      { status: { conditions: [{ type: 'Ready', status: 'False' }] } },
      { type: 'application/strategic-merge-patch+json', subresource: 'status' },
    )
    expect(await reach(['8080 waiting', '8080 ready'])).toBe(true)
    await test.run(namespace, 'label', 'pod', 'web', 'app-')
    expect(await reach([])).toBe(true)
  })

  it('that can not be had is refused with what to do', async () => {
    const run = (...args: string[]) => test.run('default', 'create', 'service', ...args)
    expect(await run('nodeport', 'np', '--tcp=80:80')).toContain(
      'spec.type: Forbidden: the embedded cluster serves Services of type ClusterIP only, not NodePort: reach one with `kubectl port-forward`, or start kind with `npm run cluster up kind`',
    )
    expect(await run('clusterip', 'dns', '--clusterip=10.96.0.10', '--tcp=80:80')).toContain(
      'failed to allocate IP 10.96.0.10: provided IP is already allocated',
    )
    expect(await run('clusterip', 'far', '--clusterip=10.1.2.3', '--tcp=80:80')).toContain(
      'the provided IP (10.1.2.3) is not in the valid range. The range of valid IPs is 10.96.0.0/16',
    )
  })
})

const READY = `
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { containers: [{ name: app, image: nginx, ports: [{ name: http, containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: http }] }
---
apiVersion: v1
kind: Service
metadata: { name: early }
spec: { clusterIP: None, publishNotReadyAddresses: true, selector: { app: web }, ports: [{ port: 80, targetPort: http }] }
`

/** `PORT ready|waiting` of each endpoint. */
async function endpointsOf(namespace: string, service: string): Promise<string[]> {
  const labelSelector = `kubernetes.io/service-name=${service}`
  const { items } = await test.client.list(ENDPOINT_SLICES, { namespace, labelSelector })
  return items.flatMap(({ endpoints = [], ports = [] }) =>
    endpoints.map(({ conditions }) => `${ports[0]?.port} ${conditions?.ready ? 'ready' : 'waiting'}`),
  )
}
