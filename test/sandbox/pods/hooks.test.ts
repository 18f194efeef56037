/** Proves postStart and preStop hooks, deadlines and changed definitions, as the kubelet does and tells them. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { PODS } from '#sandbox/client.ts'
import type { Pod } from '#sandbox/objects.ts'
import { until } from '#sandbox/until.ts'
import { setKubeletStage } from '../../helpers/kubelet-stage.ts'
import { container, isReady, main } from '../../helpers/one-pod.ts'

const stage = setKubeletStage()

const run = (command: string) => ({ exec: { command: [command] } })
const sleep = (seconds: number) => ({ sleep: { seconds } })

describe('a postStart hook', () => {
  it('holds up the next container, and its own counts as running once it is over', async () => {
    const app = { ...main('app'), lifecycle: { postStart: sleep(10) } }
    await stage.web.create({ containers: [app, main('log')] })
    await called('start app 0')
    await stage.clock.advance(9_999)
    const waiting = await stage.web.read()
    expect(container(waiting, 'app').state).toEqual({ waiting: { reason: 'ContainerCreating' } })
    expect(stage.runtime.calls).not.toContain('start log 0')
    await stage.clock.advance(1)
    await stage.web.eventually(isReady)
  })

  it('that fails ends its container, which is tried again while the next one starts', async () => {
    const results = [1, 0]
    stage.runtime.onExec = () => results.shift()!
    const app = { ...main('app'), lifecycle: { postStart: run('register') } }
    await stage.web.create({ containers: [app, main('log')] })
    await stage.web.eventually((pod) => isReady(pod) && container(pod, 'app').restartCount === 1)
    expect(stage.runtime.calls).toEqual([
      'sandbox web',
      'start app 0',
      'exec app-0: register',
      'SIGTERM app',
      'start app 1',
      'exec app-1: register',
      'start log 0',
    ])
    const texts = await stage.web.eventTexts((list) => list.length >= 7)
    expect(texts.slice(3, 5)).toEqual([
      'Warning FailedPostStartHook PostStartHook failed',
      'Normal Killing FailedPostStartHook',
    ])
  })

  it('that asks a server is content with any answer, and fails without one', async () => {
    const seen: (string | undefined)[] = []
    const server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers['user-agent']}`)
      response.writeHead(500).end()
      server.close()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const postStart = { httpGet: { host: '127.0.0.1', port: 'hook', path: '/up' } }
    const ports = [{ name: 'hook', containerPort: port }]
    await stage.web.create({
      restartPolicy: 'Never',
      containers: [
        { ...main('app'), ports, lifecycle: { postStart } },
        { ...main('log'), ports, lifecycle: { postStart } },
      ],
    })
    await stage.web.eventually((pod) => container(pod, 'log').state?.terminated)
    expect(seen).toEqual(['GET /up kube-lifecycle/1.33'])
    expect(stage.runtime.calls.slice(1)).toEqual(['start app 0', 'start log 0', 'SIGTERM log'])
  })

  it('is given up when its pod is deleted', async () => {
    await stage.web.create({ containers: [{ ...main('app'), lifecycle: { postStart: sleep(1_000) } }] })
    await called('start app 0')
    await stage.client.delete(PODS, (await stage.web.read()).metadata)
    await stage.web.untilGone()
    expect(stage.runtime.calls.slice(-2)).toEqual(['SIGTERM app', 'remove web'])
  })

  it('does not begin when its pod was deleted meanwhile', async () => {
    const gate = Promise.withResolvers<void>()
    const { startContainer } = stage.runtime
    stage.runtime.startContainer = async (spec) => {
      if (spec.name === 'log') await gate.promise
      return await startContainer(spec)
    }
    const log = { ...main('log'), lifecycle: { postStart: run('register') } }
    await stage.web.create({ containers: [main('app'), log] })
    await stage.web.eventually((pod) => container(pod, 'app').ready)
    await stage.client.delete(PODS, (await stage.web.read()).metadata)
    await called('SIGTERM app')
    gate.resolve()
    await stage.web.untilGone()
    expect(stage.runtime.calls).not.toContain('exec log-0: register')
    expect(stage.runtime.calls).toContain('SIGTERM log')
  })
})

describe('a preStop hook', () => {
  it('comes before SIGTERM and counts against the grace period', async () => {
    stage.runtime.deaf.add('app')
    await deleted({
      terminationGracePeriodSeconds: 10,
      containers: [{ ...main('app'), lifecycle: { preStop: sleep(4) } }],
    })
    await killingTold()
    await stage.clock.advance(3_999)
    expect(stage.runtime.calls).not.toContain('SIGTERM app')
    await stage.clock.advance(1)
    await called('SIGTERM app')
    await stage.clock.advance(5_999)
    expect(stage.runtime.calls).not.toContain('SIGKILL app')
    await stage.clock.advance(1)
    await stage.web.untilGone()
  })

  it('that takes too long costs its container all but the last two seconds', async () => {
    stage.runtime.deaf.add('app')
    await deleted({
      terminationGracePeriodSeconds: 5,
      containers: [{ ...main('app'), lifecycle: { preStop: sleep(60) } }],
    })
    await killingTold()
    await stage.clock.advance(5_000)
    await called('SIGTERM app')
    await stage.clock.advance(1_999)
    expect(stage.runtime.calls).not.toContain('SIGKILL app')
    await stage.clock.advance(1)
    await stage.web.untilGone()
  })

  it('that fails is told, and SIGTERM follows at once', async () => {
    stage.runtime.onExec = () => 1
    await deleted({ containers: [{ ...main('app'), lifecycle: { preStop: run('drain') } }] })
    await stage.web.untilGone()
    expect(stage.runtime.calls.slice(-3)).toEqual(['exec app-0: drain', 'SIGTERM app', 'remove web'])
    expect(await stage.web.eventTexts((texts) => texts.length === 5)).toContain(
      'Warning FailedPreStopHook PreStopHook failed',
    )
  })

  it('of a native sidecar begins with the others, and its SIGTERM comes after theirs', async () => {
    const ending = Promise.withResolvers<number>()
    stage.runtime.onExec = (id) => (id === 'app-0' ? ending.promise : 0)
    const lifecycle = { preStop: run('drain') }
    await deleted({
      initContainers: [{ ...main('proxy'), restartPolicy: 'Always', lifecycle }] as Pod['spec']['containers'],
      containers: [{ ...main('app'), lifecycle }],
    })
    await called('exec proxy-0: drain')
    expect(stage.runtime.calls.slice(-2)).toEqual(['exec app-0: drain', 'exec proxy-0: drain'])
    ending.resolve(0)
    await stage.web.untilGone()
    expect(stage.runtime.calls.slice(-3)).toEqual(['SIGTERM app', 'SIGTERM proxy', 'remove web'])
  })
})

describe('a pod whose active deadline is over', () => {
  it('is ended and has failed, whatever its containers answer', async () => {
    await stage.web.create({ activeDeadlineSeconds: 60, containers: [main('app')] })
    await stage.web.eventually(isReady)
    await stage.clock.advance(60_000)
    const { status } = await stage.web.eventually((pod) => pod.status.phase === 'Failed')
    expect(status).toMatchObject({
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    })
    const texts = await stage.web.eventTexts((list) => list.length === 5)
    expect(texts.slice(3)).toEqual([
      'Normal DeadlineExceeded Pod was active on the node longer than the specified deadline',
      'Normal Killing Stopping container app',
    ])
  })
})

describe('a new image', () => {
  const of = (name: string, image: string) => ({ name, image, imagePullPolicy: 'IfNotPresent' })

  it('restarts its container alone, even where nothing restarts', async () => {
    const log = of('log', 'busybox')
    await stage.web.create({ restartPolicy: 'Never', containers: [of('app', 'busybox'), log] })
    const { metadata } = await stage.web.eventually(isReady)
    await stage.client.patch(PODS, metadata, { spec: { containers: [of('app', 'busybox:2'), log] } })
    const pod = await stage.web.eventually((candidate) => container(candidate, 'app').restartCount === 1)
    expect(container(pod, 'app')).toMatchObject({ image: 'busybox:2', ready: true })
    expect(container(pod, 'log')).toMatchObject({ restartCount: 0, ready: true })
    expect(await stage.web.eventTexts((texts) => texts.length === 8)).toContain(
      'Normal Killing Container app definition changed, will be restarted',
    )
  })

  it('ends the wait for one that is not here', async () => {
    await stage.web.create({ containers: [of('app', 'nope:1')] })
    const { metadata } = await stage.web.eventually(
      (pod) => container(pod, 'app').state?.waiting?.reason === 'ErrImagePull',
    )
    await stage.client.patch(PODS, metadata, { spec: { containers: [of('app', 'busybox')] } })
    const pod = await stage.web.eventually(isReady)
    expect(container(pod, 'app').restartCount).toBe(0)
  })
})

describe('a container that fails without a word', () => {
  it('leaves the end of its log as its message where that is asked for', async () => {
    const app = { ...main('app'), terminationMessagePolicy: 'FallbackToLogsOnError' }
    await stage.web.create({ restartPolicy: 'Never', containers: [app] })
    await stage.web.eventually(isReady)
    stage.runtime.container('app')!.end(1)
    const pod = await stage.web.eventually(({ status }) => status.phase === 'Failed')
    expect(container(pod, 'app').state?.terminated?.message).toBe('run 0\n')
  })
})

async function deleted(spec: Pod['spec']): Promise<void> {
  await stage.web.create(spec)
  await stage.client.delete(PODS, (await stage.web.eventually(isReady)).metadata)
}

async function called(call: string): Promise<void> {
  const isCalled = () => stage.runtime.calls.includes(call)
  expect(await until(isCalled, { timeoutMs: 2_000, intervalMs: 2 })).toBe(true)
}

/** From then on the hooks run. */
async function killingTold(): Promise<void> {
  await stage.web.eventTexts((texts) => texts.some((text) => text.includes('Killing')))
}
