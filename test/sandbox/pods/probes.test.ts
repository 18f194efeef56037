/** Proves when the kubelet probes, and what it makes of the answers, with a clock and commands that the test owns. */
import { beforeEach, describe, expect, it } from 'vitest'
import { PODS } from '#sandbox/client.ts'
import type { Pod } from '#sandbox/objects.ts'
import { until } from '#sandbox/until.ts'
import { setKubeletStage } from '../../helpers/kubelet-stage.ts'
import { container, isReady, main } from '../../helpers/one-pod.ts'

const stage = setKubeletStage()
/** Commands of probes that fail at present. */
const failing = new Set<string>()

beforeEach(() => {
  failing.clear()
  stage.runtime.onExec = (_id, [command = '']) => (failing.has(command) ? 1 : 0)
})

const probe = (command: string, timing: object = {}) => ({
  exec: { command: [command] },
  periodSeconds: 5,
  ...timing,
})

describe('a readiness probe', () => {
  it('keeps a container unready until it succeeds, and again after three failures in a row', async () => {
    failing.add('ready')
    await stage.web.create({ containers: [{ ...main('app'), readinessProbe: probe('ready') }] })
    await stage.web.eventually((pod) => container(pod, 'app').started)
    await asked('app-0: ready', 1)
    failing.clear()
    await stage.clock.advance(5_000)
    await stage.web.eventually(isReady)
    failing.add('ready')
    await stage.clock.advance(10_000)
    await asked('app-0: ready', 4)
    await stage.web.eventually(isReady)
    await stage.clock.advance(5_000)
    const pod = await stage.web.eventually((candidate) => !isReady(candidate))
    expect(container(pod, 'app')).toMatchObject({ started: true, ready: false, restartCount: 0 })
    expect(await stage.web.eventTexts((texts) => texts.length === 4)).toContain(
      'Warning Unhealthy Readiness probe failed: ',
    )
  })

  it('waits for its initial delay, and succeeds as often as it must', async () => {
    const timing = { initialDelaySeconds: 20, successThreshold: 2 }
    await stage.web.create({ containers: [{ ...main('app'), readinessProbe: probe('ready', timing) }] })
    await stage.web.eventually((pod) => container(pod, 'app').started)
    await stage.clock.advance(19_999)
    await asked('app-0: ready', 0)
    await stage.clock.advance(1)
    await asked('app-0: ready', 1)
    expect(isReady(await stage.web.eventually((pod) => pod))).toBe(false)
    await stage.clock.advance(5_000)
    await stage.web.eventually(isReady)
  })
})

describe('a startup probe', () => {
  it('holds back the other two until it has succeeded once', async () => {
    failing.add('up')
    await stage.web.create({
      containers: [
        {
          ...main('app'),
          startupProbe: probe('up', { failureThreshold: 30 }),
          readinessProbe: probe('ready'),
          livenessProbe: probe('alive'),
        },
      ],
    })
    await stage.web.eventually((pod) => container(pod, 'app').state?.running)
    await stage.clock.advance(20_000)
    await asked('app-0: up', 4)
    expect(stage.runtime.calls).not.toContain('exec app-0: alive')
    expect(stage.runtime.calls).not.toContain('exec app-0: ready')
    failing.clear()
    await stage.clock.advance(5_000)
    const pod = await stage.web.eventually(isReady)
    expect(container(pod, 'app').started).toBe(true)
    await stage.clock.advance(20_000)
    await asked('app-0: up', 5)
    expect(stage.runtime.calls.filter((call) => call === 'exec app-0: alive').length).toBeGreaterThan(2)
  })

  it('of a native sidecar holds back the init containers behind it', async () => {
    failing.add('up')
    const proxy = { ...main('proxy'), restartPolicy: 'Always', startupProbe: probe('up') }
    await stage.web.create({
      initContainers: [proxy, main('migrate')] as Pod['spec']['containers'],
      containers: [main('app')],
    })
    await stage.web.eventually((pod) => container(pod, 'proxy').state?.running)
    await stage.clock.advance(5_000)
    await asked('proxy-0: up', 1)
    expect(stage.runtime.container('migrate')).toBeUndefined()
    failing.clear()
    await stage.clock.advance(5_000)
    expect(await until(() => stage.runtime.container('migrate'), { timeoutMs: 2_000 })).toBeTruthy()
  })

  it('that fails too often restarts the container', async () => {
    failing.add('up')
    await stage.web.create({
      containers: [{ ...main('app'), startupProbe: probe('up', { failureThreshold: 2 }) }],
    })
    await stage.web.eventually((pod) => container(pod, 'app').state?.running)
    await stage.clock.advance(5_000)
    await asked('app-0: up', 1)
    await stage.clock.advance(5_000)
    await stage.web.eventually((pod) => container(pod, 'app').restartCount === 1)
    expect(await stage.web.eventTexts((texts) => texts.length === 5)).toEqual([
      'Normal Pulled Container image "busybox" already present on machine',
      'Normal Created Created container: app',
      'Normal Started Started container app',
      'Warning Unhealthy Startup probe failed: ',
      'Normal Killing Container app failed startup probe, will be restarted',
    ])
  })
})

describe('a liveness probe', () => {
  it('that fails too often restarts the container, whose probes begin anew', async () => {
    const probes = { livenessProbe: probe('alive'), readinessProbe: probe('ready') }
    await stage.web.create({ containers: [{ ...main('app'), ...probes }, main('log')] })
    await stage.web.eventually(isReady)
    failing.add('alive').add('ready')
    await stage.clock.advance(15_000)
    const pod = await stage.web.eventually((candidate) => container(candidate, 'app').restartCount === 1)
    expect(container(pod, 'app')).toMatchObject({
      ready: false,
      lastState: { terminated: { exitCode: 143 } },
    })
    expect(container(pod, 'log')).toMatchObject({ ready: true, restartCount: 0 })
    failing.clear()
    await stage.clock.advance(5_000)
    await stage.web.eventually(isReady)
    expect(await stage.web.eventTexts((texts) => texts.some((text) => text.includes('Killing')))).toContain(
      'Normal Killing Container app failed liveness probe, will be restarted',
    )
  })

  it('is asked whole periods after the kubelet took up the pod, its delay rounded up', async () => {
    const livenessProbe = probe('alive', { initialDelaySeconds: 7 })
    await stage.web.create({ containers: [{ ...main('app'), livenessProbe }] })
    await stage.web.eventually(isReady)
    await stage.clock.advance(9_999)
    expect(stage.runtime.calls).not.toContain('exec app-0: alive')
    await stage.clock.advance(1)
    await asked('app-0: alive', 1)
  })

  it('kills at the end of its own grace period', async () => {
    stage.runtime.deaf.add('app')
    const livenessProbe = probe('alive', { failureThreshold: 1, terminationGracePeriodSeconds: 3 })
    await stage.web.create({ containers: [{ ...main('app'), livenessProbe }] })
    await stage.web.eventually(isReady)
    failing.add('alive')
    await stage.clock.advance(5_000)
    await until(() => stage.runtime.calls.includes('SIGTERM app'), { timeoutMs: 2_000 })
    await stage.clock.advance(2_999)
    expect(stage.runtime.calls).not.toContain('SIGKILL app')
    await stage.clock.advance(1)
    await stage.web.eventually((pod) => container(pod, 'app').lastState?.terminated?.exitCode === 137)
  })

  it('ends a pod that never restarts, and says so', async () => {
    const livenessProbe = probe('alive', { failureThreshold: 1 })
    await stage.web.create({ restartPolicy: 'Never', containers: [{ ...main('app'), livenessProbe }] })
    await stage.web.eventually(isReady)
    failing.add('alive')
    await stage.clock.advance(5_000)
    await stage.web.eventually(({ status }) => status.phase === 'Failed')
    expect(await stage.web.eventTexts((texts) => texts.some((text) => text.includes('Killing')))).toContain(
      'Normal Killing Container app failed liveness probe',
    )
  })

  it('of a native sidecar is told as that of an init container', async () => {
    const livenessProbe = probe('alive', { failureThreshold: 1 })
    const proxy = { ...main('proxy'), restartPolicy: 'Always', livenessProbe }
    await stage.web.create({
      initContainers: [proxy] as Pod['spec']['containers'],
      containers: [main('app')],
    })
    await stage.web.eventually(isReady)
    failing.add('alive')
    await stage.clock.advance(5_000)
    await stage.web.eventually((pod) => container(pod, 'proxy').restartCount === 1)
    expect(await stage.web.eventTexts((texts) => texts.some((text) => text.includes('Killing')))).toContain(
      'Normal Killing Init container proxy failed liveness probe',
    )
  })

  it('is asked no more once its pod is deleted, while readiness is', async () => {
    stage.runtime.deaf.add('app')
    const probes = { livenessProbe: probe('alive'), readinessProbe: probe('ready') }
    await stage.web.create({ containers: [{ ...main('app'), ...probes }] })
    const { metadata } = await stage.web.eventually(isReady)
    await stage.client.delete(PODS, metadata)
    await until(() => stage.runtime.calls.includes('SIGTERM app'), { timeoutMs: 2_000 })
    failing.add('ready')
    const before = stage.runtime.calls.filter((call) => call.includes('alive')).length
    await stage.clock.advance(15_000)
    await stage.web.eventually((pod) => !isReady(pod))
    expect(stage.runtime.calls.filter((call) => call.includes('alive'))).toHaveLength(before)
  })
})

it('probes of an idle pod cost no timer but one each', async () => {
  const probes = { livenessProbe: probe('alive'), readinessProbe: probe('ready') }
  await stage.web.create({ containers: [{ ...main('app'), ...probes }] })
  await stage.web.eventually(isReady)
  const calls = stage.runtime.calls.length
  await stage.clock.advance(60_000)
  expect(stage.runtime.calls.length - calls).toBe(2 * 12)
})

async function asked(call: string, times: number): Promise<void> {
  const count = () => stage.runtime.calls.filter((one) => one === `exec ${call}`).length
  await until(() => count() >= times, { timeoutMs: 2_000, intervalMs: 2 })
  expect(count()).toBe(times)
}
