/** How pods find each other: https://kubernetes.io/docs/concepts/services-networking/service/ */
import { expect } from 'vitest'
import { ENDPOINT_SLICES, SERVICES } from '#sandbox/kinds.ts'
import type { Requirement } from '../requirement.ts'
import { UNTIL_TOLD, WEB_SERVER, isReady, node, shell, type Stage } from '../stage.ts'

const labels = { app: 'web' }
const ports = [{ name: 'http', port: 80, targetPort: 'web' }]

/** Asks each address in turn and prints the answers. */
const ASK = `
;(async () => {
  for (const url of process.argv.slice(1))
    console.log(await fetch(url).then((r) => r.text(), (error) => error.cause.code))
})()`

async function createServer({ createPod }: Stage, name: string, spec = {}) {
  const web = node('app', WEB_SERVER, {
    ports: [{ name: 'web', containerPort: 8080 }],
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
  })
  await createPod(name, { containers: [web], ...spec }, { labels })
}

/** The names of the pods that the slices of a Service call ready, sorted. */
async function readyPods({ client, namespace }: Stage, service: string): Promise<string[]> {
  const labelSelector = `kubernetes.io/service-name=${service}`
  const { items } = await client.list(ENDPOINT_SLICES, { namespace, labelSelector })
  return items
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready)
    .map(({ targetRef }) => targetRef?.name ?? '')
    .sort()
}

/** What this chapter demands. */
export const requirements: Requirement[] = [
  {
    title: 'A Service carries connections to its ready pods, by every form of its name, to a port by name',
    follows: 'concepts/services-networking/dns-pod-service/',
    async check(stage) {
      await stage.create(SERVICES, 'web', { spec: { selector: labels, ports } })
      await Promise.all([createServer(stage, 'one'), createServer(stage, 'two')])
      await stage.eventually(async () => (await readyPods(stage, 'web')).length === 2)
      const names = ['web', `web.${stage.namespace}`, `web.${stage.namespace}.svc.cluster.local`]
      const urls = Array.from({ length: 30 }, (_, index) => `http://${names[index % 3]}/`)
      // Rules reach the nodes a moment after the slices are written.
      await stage.eventually(async () => {
        const said = new Set((await stage.exec('one', 'app', 'node', '-e', ASK, ...urls)).split('\n'))
        return [...said].sort().join() === 'one,two'
      })
    },
  },
  {
    title: 'A pod that is not ready is in the EndpointSlice, and not called ready there',
    follows: 'concepts/services-networking/endpoint-slices/',
    async check(stage) {
      await stage.create(SERVICES, 'web', { spec: { selector: labels, ports: [{ port: 80 }] } })
      const readinessProbe = {
        exec: { command: ['test', '-f', '/tmp/open'] },
        periodSeconds: 1,
        failureThreshold: 1,
      }
      await stage.createPod(
        'shop',
        { containers: [shell('app', UNTIL_TOLD, { readinessProbe })] },
        { labels },
      )
      await stage.untilPod('shop', ({ status }) => status.containerStatuses?.[0]?.state?.running)
      const slices = async () =>
        (await stage.client.list(ENDPOINT_SLICES, { namespace: stage.namespace })).items
      const [endpoint] = await stage.eventually(async () => {
        const found = (await slices()).flatMap(({ endpoints }) => endpoints ?? [])
        return found.length > 0 ? found : undefined
      })
      expect(endpoint?.conditions).toMatchObject({ ready: false, serving: false, terminating: false })
      await stage.exec('shop', 'app', 'touch', '/tmp/open')
      await stage.eventually(async () => (await readyPods(stage, 'web')).join() === 'shop')
    },
  },
  {
    title: 'A headless Service names the addresses of its pods, and each pod by its hostname',
    follows: 'concepts/services-networking/dns-pod-service/',
    async check(stage) {
      await stage.create(SERVICES, 'heads', { spec: { clusterIP: 'None', selector: labels, ports } })
      const named = (hostname: string) => createServer(stage, hostname, { hostname, subdomain: 'heads' })
      await Promise.all([named('one'), named('two')])
      await stage.eventually(async () => (await readyPods(stage, 'heads')).length === 2)
      const domain = `heads.${stage.namespace}.svc.cluster.local`
      const look = `const { resolve4, resolveSrv } = require('dns/promises')
        Promise.all([resolve4('${domain}'), resolveSrv('_http._tcp.${domain}')]).then(([all, srv]) =>
          console.log(all.length, srv.map(({ name, port }) => name + ':' + port).sort().join()))`
      const expected = `2 one.${domain}:8080,two.${domain}:8080`
      // A DNS server may keep its former answer for some seconds.
      await stage.eventually(async () => (await stage.exec('one', 'app', 'node', '-e', look)) === expected)
      expect(await stage.exec('one', 'app', 'node', '-e', ASK, 'http://two.heads:8080/')).toBe('two')
    },
  },
  {
    title: 'The containers of a pod share 127.0.0.1, and no other pod does',
    follows: 'concepts/workloads/pods/',
    async check(stage) {
      const web = node('app', WEB_SERVER, { readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } })
      const idle = node('idle', "process.on('SIGTERM', () => process.exit()); setInterval(() => {}, 1e9)")
      await stage.createPod('one', { containers: [web, idle] })
      await stage.createPod('two', { containers: [idle] })
      await Promise.all([stage.untilPod('one', isReady), stage.untilPod('two', isReady)])
      expect(await stage.exec('one', 'idle', 'node', '-e', ASK, 'http://127.0.0.1:8080/')).toBe('one')
      expect(await stage.exec('two', 'idle', 'node', '-e', ASK, 'http://127.0.0.1:8080/')).toBe(
        'ECONNREFUSED',
      )
    },
  },
]
