/** Proves what becomes of pods and deadlines when somebody sets the machine's clock. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createApi } from '#sandbox/api/server.ts'
import { KubernetesClient, PODS } from '#sandbox/client.ts'
import { createForwardTime } from '#sandbox/clock.ts'
import { startKubelet, type Kubelet } from '#sandbox/pods/kubelet.ts'
import { createStore } from '#sandbox/store.ts'
import { createFakeRuntime } from '../helpers/fake-runtime.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { container, kubeletOptions, main, onePod } from '../helpers/one-pod.ts'

const HOUR = 3_600_000

it('the engine’s time goes on when the clock is set back, and on at once when it is set forward', () => {
  let [wall, steady] = [1_000_000, 5]
  const now = createForwardTime(
    () => wall,
    () => steady,
  )
  expect(now()).toBe(1_000_000)
  wall += 10
  steady += 10
  expect(now()).toBe(1_000_010)
  wall -= HOUR
  steady += 10
  expect(now()).toBe(1_000_020)
  wall += 2 * HOUR
  expect(now()).toBe(1_000_010 + HOUR)
})

it.each([
  ['forward', HOUR],
  ['back', -HOUR],
])('a pod lives on and a deletion ends in time when the clock is set %s by an hour', async (_way, jump) => {
  const manual = createManualClock(Date.UTC(2026, 10, 22, 15, 30))
  let skew = 0
  const now = createForwardTime(() => manual.now() + skew, manual.now)
  const clock = { ...manual, now }
  const runtime = createFakeRuntime(clock)
  runtime.deaf.add('app')
  const folder = mkdtempSync(join(tmpdir(), 'clock-'))
  let kubelet: Kubelet | undefined
  const api = await createApi({ store: createStore(), clock, node: () => kubelet! })
  const client = new KubernetesClient(api.handle)
  kubelet = await startKubelet(kubeletOptions({ client, runtime, clock, folder }))
  onTestFinished(async () => {
    await kubelet!.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const web = onePod(client)
  await web.create({
    containers: [{ ...main('app'), livenessProbe: { exec: { command: ['true'] }, periodSeconds: 1 } }],
    terminationGracePeriodSeconds: 30,
  })
  await web.eventually((pod) => container(pod, 'app').ready)
  skew += jump
  const probed = runtime.calls.length
  await manual.advance(3_000)
  expect(runtime.calls.length).toBeGreaterThan(probed)
  expect(container(await web.read(), 'app')).toMatchObject({ ready: true, restartCount: 0 })
  await client.delete(PODS, { namespace: 'default', name: 'web' })
  await web.eventually((pod) => pod.metadata.deletionTimestamp)
  skew -= jump
  await manual.advance(31_000)
  await web.untilGone()
})
