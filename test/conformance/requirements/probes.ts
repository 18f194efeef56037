/** What the kubelet asks of containers: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/ */
import { expect } from 'vitest'
import type { Requirement } from '../requirement.ts'
import { UNTIL_TOLD, isReady, node, shell, statusOf } from '../stage.ts'

const PAGE = 'tasks/configure-pod-container/configure-liveness-readiness-startup-probes/'

const STATEFUL_SERVER = `process.on('SIGTERM', () => process.exit())
require('http').createServer((_, response) => {
  response.writeHead(fs.existsSync('/tmp/open') ? 200 : 503).end()
}).listen(8080)`

/** Answers grpc.health.v1.Health/Check with SERVING. */
const HEALTH_SERVER = `process.on('SIGTERM', () => process.exit())
require('http2').createServer().on('stream', (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(Buffer.from([0, 0, 0, 0, 2, 8, 1]))
}).listen(8080)`

/** What this chapter demands. */
export const requirements: Requirement[] = [
  {
    title: 'A pod is ready only while its readiness probe over HTTP succeeds, and is not restarted for it',
    follows: PAGE,
    async check({ createPod, untilPod, exec, kubectl, eventually }) {
      const readinessProbe = {
        httpGet: { path: '/ready', port: 'http' },
        periodSeconds: 1,
        failureThreshold: 1,
      }
      const ports = [{ name: 'http', containerPort: 8080 }]
      await createPod('shop', { containers: [node('app', STATEFUL_SERVER, { ports, readinessProbe })] })
      await eventually(async () =>
        (await kubectl(['events'])).includes(
          'Readiness probe failed: HTTP probe failed with statuscode: 503',
        ),
      )
      expect(await kubectl(['get', 'pod', 'shop', '--no-headers'])).toMatch(/^shop +0\/1 +Running +0 /)
      await exec('shop', 'app', 'touch', '/tmp/open')
      await untilPod('shop', isReady)
      await exec('shop', 'app', 'rm', '/tmp/open')
      const pod = await untilPod('shop', (seen) => !isReady(seen))
      expect(statusOf(pod, 'app').restartCount).toBe(0)
    },
  },
  {
    title: 'A failing liveness probe restarts its container, and no other',
    follows: PAGE,
    async check({ createPod, untilPod }) {
      const livenessProbe = {
        exec: { command: ['test', '!', '-f', '/tmp/sick'] },
        periodSeconds: 1,
        failureThreshold: 1,
      }
      await createPod('sick', {
        containers: [
          shell('app', `sleep 0.5; touch /tmp/sick; ${UNTIL_TOLD}`, { livenessProbe }),
          shell('neighbour', UNTIL_TOLD),
        ],
      })
      const pod = await untilPod('sick', (seen) => statusOf(seen, 'app').restartCount > 0)
      expect(statusOf(pod, 'neighbour').restartCount).toBe(0)
    },
  },
  {
    title: 'Liveness and readiness probes wait for the startup probe',
    follows: PAGE,
    async check({ createPod, untilPod, exec }) {
      const isUp = { exec: { command: ['test', '-f', '/tmp/up'] }, periodSeconds: 1, failureThreshold: 60 }
      const isAlive = { ...isUp, failureThreshold: 1 }
      await createPod('slow', {
        containers: [shell('app', UNTIL_TOLD, { startupProbe: isUp, livenessProbe: isAlive })],
      })
      const running = await untilPod('slow', (seen) => {
        const startedAt = statusOf(seen, 'app').state?.running?.startedAt
        return startedAt && Date.now() - Date.parse(startedAt) > 3_000
      })
      expect(statusOf(running, 'app')).toMatchObject({ started: false, ready: false, restartCount: 0 })
      await exec('slow', 'app', 'touch', '/tmp/up')
      expect(statusOf(await untilPod('slow', isReady), 'app')).toMatchObject({
        started: true,
        restartCount: 0,
      })
    },
  },
  {
    title: 'A probe opens a TCP connection, or asks for health over gRPC',
    follows: PAGE,
    async check({ createPod, untilPod }) {
      const period = { periodSeconds: 1 }
      const readinessProbe = { grpc: { port: 8080 }, ...period }
      const startupProbe = { tcpSocket: { port: 8080 }, ...period, failureThreshold: 60 }
      await createPod('healthy', {
        containers: [node('app', HEALTH_SERVER, { startupProbe, readinessProbe })],
      })
      await untilPod('healthy', isReady)
      await createPod('unhealthy', { containers: [shell('app', UNTIL_TOLD, { readinessProbe })] })
      const pod = await untilPod('unhealthy', (seen) => statusOf(seen, 'app').state?.running)
      expect(isReady(pod)).toBe(false)
    },
  },
]
