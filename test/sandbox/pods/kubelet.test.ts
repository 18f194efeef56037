/** Proves the kubelet against the real API server, with containers that the test ends and a clock that it moves. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createApi } from '#sandbox/api/server.ts'
import { CONFIG_MAPS, EVENTS, KubernetesClient, NODES, PODS, type Transport } from '#sandbox/client.ts'
import type { Pod } from '#sandbox/objects.ts'
import { startKubelet, type Kubelet } from '#sandbox/pods/kubelet.ts'
import { ContainerStartError } from '#sandbox/pods/runtime.ts'
import { createStore } from '#sandbox/store.ts'
import { until } from '#sandbox/until.ts'
import { createFakeRuntime, type FakeRuntime } from '../../helpers/fake-runtime.ts'
import { createManualClock, type ManualClock } from '../../helpers/manual-clock.ts'
import { container, isReady, kubeletOptions, main, onePod, type OnePod } from '../../helpers/one-pod.ts'

const START_MS = Date.UTC(2026, 10, 22, 15, 30)

let clock: ManualClock
let runtime: FakeRuntime
let folder: string
let requests: string[]
let client: KubernetesClient
let kubelet: Kubelet
let endWatches: () => void
let { create, read, eventually, untilGone, eventTexts }: OnePod = {} as OnePod

beforeEach(async () => {
  clock = createManualClock(START_MS)
  runtime = createFakeRuntime(clock)
  folder = mkdtempSync(join(tmpdir(), 'kubelet-'))
  requests = []
  const api = await createApi({ store: createStore(), clock, node: () => kubelet })
  client = new KubernetesClient(observed(api.handle))
  ;({ create, read, eventually, untilGone, eventTexts } = onePod(client))
  kubelet = await start()
})

afterEach(async () => {
  await kubelet.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('a new pod', () => {
  it('runs: sandbox first, then its containers, and its status says so', async () => {
    await create({ containers: [main('app'), main('log')] })
    const { status } = await eventually((pod) => pod.status.phase === 'Running' && isReady(pod))
    expect(runtime.calls).toEqual(['sandbox web', 'start app 0', 'start log 0'])
    expect(status).toMatchObject({
      podIP: '10.244.0.2',
      podIPs: [{ ip: '10.244.0.2' }],
      hostIP: '10.244.0.1',
      hostIPs: [{ ip: '10.244.0.1' }],
      startTime: '2026-11-22T15:30:00Z',
      containerStatuses: [
        { name: 'app', containerID: 'embedded://app-0', ready: true, started: true, restartCount: 0 },
        { name: 'log', state: { running: { startedAt: '2026-11-22T15:30:00Z' } } },
      ],
    })
  })

  it('is told of in the kubelet’s words, in their order', async () => {
    await create({ containers: [main('app')] })
    expect(await eventTexts((texts) => texts.length === 3)).toEqual([
      'Normal Pulled Container image "busybox" already present on machine',
      'Normal Created Created container: app',
      'Normal Started Started container app',
    ])
    const [event] = (await client.list(EVENTS)).items
    expect(event).toMatchObject({
      source: { component: 'kubelet', host: 'sidecar-node' },
      involvedObject: { kind: 'Pod', name: 'web', fieldPath: 'spec.containers{app}' },
      firstTimestamp: '2026-11-22T15:30:00Z',
      count: 1,
    })
  })

  it('starts its containers one after the other in the order of the spec', async () => {
    await create({ containers: [main('app'), main('log')] })
    expect(await eventTexts((texts) => texts.length === 6)).toEqual([
      'Normal Pulled Container image "busybox" already present on machine',
      'Normal Created Created container: app',
      'Normal Started Started container app',
      'Normal Pulled Container image "busybox" already present on machine',
      'Normal Created Created container: log',
      'Normal Started Started container log',
    ])
  })

  it('costs few status writes', async () => {
    await create({ initContainers: [main('prepare')], containers: [main('app'), main('log')] })
    await eventually((pod) => container(pod, 'prepare').state?.running)
    runtime.container('prepare')?.end(0)
    await eventually(isReady)
    expect(requests.filter((request) => request.endsWith('/status')).length).toBeLessThanOrEqual(8)
  })

  it('gets argv, environment and volumes as its manifest says', async () => {
    await client.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'code', namespace: 'default' },
      data: { 'main.ts': 'console.log(1)' },
    })
    await create({
      volumes: [
        { name: 'code', configMap: { name: 'code' } },
        { name: 'scratch', emptyDir: {} },
      ],
      containers: [
        {
          ...main('app'),
          args: ['run', '$(WHO)'],
          env: [
            { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'WHO', value: 'I am $(POD)' },
          ],
          volumeMounts: [
            { name: 'code', mountPath: '/code' },
            { name: 'scratch', mountPath: '/scratch' },
          ],
        },
      ],
    })
    await eventually(isReady)
    const { spec } = runtime.container('app')!
    expect(spec.argv).toEqual(['entry', 'run', 'I am web'])
    expect(spec.env).toMatchObject({ PATH: '/bin', POD: 'web', WHO: 'I am web' })
    expect(spec.mounts.map(({ mountPath, readOnly }) => [mountPath, readOnly])).toEqual([
      ['/app', true],
      ['/code', true],
      ['/scratch', false],
      ['/dev/termination-log', false],
    ])
    expect(readFileSync(join(spec.mounts[1]!.source, 'main.ts'), 'utf8')).toBe('console.log(1)')
  })

  it('waits for a ConfigMap that is not there yet, and says so', async () => {
    await create({ volumes: [{ name: 'code', configMap: { name: 'code' } }], containers: [main('app')] })
    expect(await eventTexts((texts) => texts.length === 1)).toEqual([
      'Warning FailedMount MountVolume.SetUp failed for volume "code" : configmap "code" not found',
    ])
    expect(container(await read(), 'app').state).toEqual({ waiting: { reason: 'ContainerCreating' } })
    const metadata = { name: 'code', namespace: 'default' }
    await client.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: {} })
    await clock.advance(500)
    await eventually(isReady)
  })

  it('with an image that is not here waits in ErrImagePull, then ImagePullBackOff, and names those that are', async () => {
    await create({ containers: [{ name: 'app', image: 'nope:1' }] })
    const waiting = await eventually((pod) => container(pod, 'app').state?.waiting?.message)
    expect(container(waiting, 'app').state?.waiting).toEqual({
      reason: 'ErrImagePull',
      message:
        'the embedded cluster pulls from no registry and has no image "nope:1"; it has: busybox, nginx',
    })
    await clock.advance(2_000)
    const { reason, message } = container(
      await eventually((pod) => container(pod, 'app').state?.waiting?.reason === 'ImagePullBackOff'),
      'app',
    ).state!.waiting!
    expect(`${reason}: ${message}`).toMatch(
      /^ImagePullBackOff: Back-off pulling image "nope:1": ErrImagePull: the/,
    )
    expect(await eventTexts((texts) => texts.length === 5)).toEqual([
      'Normal Pulling Pulling image "nope:1"',
      expect.stringMatching(/^Warning Failed Failed to pull image "nope:1": the embedded cluster/),
      'Warning Failed Error: ErrImagePull',
      'Normal BackOff Back-off pulling image "nope:1"',
      'Warning Failed Error: ImagePullBackOff',
    ])
    await clock.advance(8_000)
    const counts = await until(
      async () => {
        const { items } = await client.list(EVENTS)
        return items.find(({ message: text }) => text === 'Pulling image "nope:1"')?.count === 2
      },
      { timeoutMs: 2_000 },
    )
    expect(counts).toBe(true)
  })

  it('with pull policy Never and an unknown image gets ErrImageNeverPull', async () => {
    await create({ containers: [{ name: 'app', image: 'nope:1', imagePullPolicy: 'Never' }] })
    const pod = await eventually((candidate) => container(candidate, 'app').state?.waiting?.message)
    expect(container(pod, 'app').state?.waiting).toEqual({
      reason: 'ErrImageNeverPull',
      message: 'Container image "nope:1" is not present with pull policy of Never',
    })
  })

  it('with a sandbox that the host refuses is tried again', async () => {
    runtime.sandboxError = 'no network'
    await create({ containers: [main('app')] })
    expect(await eventTexts((texts) => texts.length === 1)).toEqual([
      'Warning FailedCreatePodSandBox Failed to create pod sandbox: no network',
    ])
    delete runtime.sandboxError
    await clock.advance(500)
    await eventually(isReady)
  })
})

describe('a container that ends', () => {
  it('is restarted at once, then after 10 s, with its story in the status', async () => {
    await create({ containers: [main('app')] })
    await eventually(isReady)
    runtime.container('app')!.end(1)
    await eventually((pod) => container(pod, 'app').restartCount === 1 && isReady(pod))
    runtime.container('app')!.end(2)
    const { uid } = (await read()).metadata
    const crashed = await eventually((pod) => container(pod, 'app').state?.waiting)
    expect(container(crashed, 'app')).toMatchObject({
      state: {
        waiting: {
          reason: 'CrashLoopBackOff',
          message: `back-off 10s restarting failed container=app pod=web_default(${uid})`,
        },
      },
      lastState: { terminated: { exitCode: 2, reason: 'Error', containerID: 'embedded://app-1' } },
      restartCount: 1,
    })
    expect(await eventTexts((texts) => texts.at(-1)!.includes('BackOff'))).toContain(
      `Warning BackOff Back-off restarting failed container app in pod web_default(${uid})`,
    )
    await clock.advance(9_999)
    expect(runtime.calls.at(-1)).toBe('start app 1')
    await clock.advance(1)
    await eventually((pod) => container(pod, 'app').restartCount === 2 && isReady(pod))
  })

  it('leaves the log of its run before, and no older one', async () => {
    await create({ containers: [main('app')] })
    for (const attempt of [0, 1]) {
      await eventually((pod) => container(pod, 'app').restartCount === attempt && isReady(pod))
      runtime.container('app')!.end(1)
    }
    await eventually((pod) => container(pod, 'app').state?.waiting)
    await clock.advance(10_000)
    const pod = await eventually(
      (candidate) => container(candidate, 'app').restartCount === 2 && isReady(candidate),
    )
    expect(await logOf(pod, 'app', { previous: true })).toBe('run 1\n')
    expect(await logOf(pod, 'app')).toBe('run 2\n')
    expect(existsSync(runtime.container('app')!.spec.logPath.replace('2.log', '0.log'))).toBe(false)
  })

  it('completes the pod when nothing is left to do', async () => {
    await create({ restartPolicy: 'Never', containers: [main('app')] })
    await eventually(isReady)
    runtime.container('app')!.end(0)
    await eventually(
      ({ status }) =>
        status.phase === 'Succeeded' &&
        status.conditions?.find(({ type }) => type === 'PodReadyToStartContainers')?.status === 'False',
    )
    expect(runtime.calls.at(-1)).toBe('remove web')
  })

  it('that could not be started is an end too', async () => {
    runtime.broken.set('app', new ContainerStartError('StartError', 'exec: "nope": not found'))
    await create({ restartPolicy: 'Never', containers: [main('app')] })
    const pod = await eventually(({ status }) => status.phase === 'Failed')
    expect(container(pod, 'app').state?.terminated).toMatchObject({
      exitCode: 128,
      reason: 'StartError',
      message: 'exec: "nope": not found',
    })
    expect(await eventTexts((texts) => texts.length === 3)).toContain(
      'Warning Failed Error: exec: "nope": not found',
    )
  })
})

describe('a native sidecar', () => {
  it('starts before the init containers behind it and ends after the main ones', async () => {
    await create({
      restartPolicy: 'Never',
      initContainers: [
        { ...main('proxy'), restartPolicy: 'Always' },
        main('migrate'),
      ] as Pod['spec']['containers'],
      containers: [main('app')],
    })
    await until(() => runtime.container('migrate'), { timeoutMs: 2_000 })
    runtime.container('migrate')!.end(0)
    await eventually(isReady)
    runtime.container('app')!.end(0)
    await eventually(({ status }) => status.phase === 'Succeeded')
    expect(runtime.calls).toEqual([
      'sandbox web',
      'start proxy 0',
      'start migrate 0',
      'start app 0',
      'SIGTERM proxy',
      'remove web',
    ])
  })
})

describe('a deleted pod', () => {
  it('ends on SIGTERM and is gone with all its files', async () => {
    await create({ volumes: [{ name: 'scratch', emptyDir: {} }], containers: [main('app'), main('log')] })
    const { metadata } = await eventually(isReady)
    await client.delete(PODS, metadata)
    await untilGone()
    expect(runtime.calls.slice(-3)).toEqual(['SIGTERM app', 'SIGTERM log', 'remove web'])
    const texts = await eventTexts((list) => list.length === 8)
    expect(texts).toContain('Normal Killing Stopping container app')
    const isClean = await until(() => readdirSync(join(folder, 'pods')).length === 0, { timeoutMs: 2_000 })
    expect(isClean).toBe(true)
  })

  it('gets SIGKILL at the end of its grace period and not earlier', async () => {
    runtime.deaf.add('app')
    await create({ terminationGracePeriodSeconds: 7, containers: [main('app')] })
    await client.delete(PODS, (await eventually(isReady)).metadata)
    await until(() => runtime.calls.includes('SIGTERM app'), { timeoutMs: 2_000 })
    await clock.advance(6_999)
    expect(runtime.calls).not.toContain('SIGKILL app')
    await clock.advance(1)
    expect(runtime.calls).toContain('SIGKILL app')
    await untilGone()
  })

  it('with --force is gone at once, and its containers soon after', async () => {
    runtime.deaf.add('app')
    await create({ containers: [main('app')] })
    await client.delete(PODS, (await eventually(isReady)).metadata, { gracePeriodSeconds: 0 })
    await untilGone()
    await until(() => runtime.calls.includes('SIGTERM app'), { timeoutMs: 2_000 })
    await clock.advance(2_000)
    await until(() => runtime.calls.at(-1) === 'remove web', { timeoutMs: 2_000 })
    expect(runtime.calls.slice(-3)).toEqual(['SIGTERM app', 'SIGKILL app', 'remove web'])
  })

  it('makes room for another of the same name', async () => {
    await create({ containers: [main('app')] })
    const first = await eventually(isReady)
    await client.delete(PODS, first.metadata)
    await untilGone()
    await create({ containers: [main('app')] })
    const second = await eventually(isReady)
    expect(second.metadata.uid).not.toBe(first.metadata.uid)
  })
})

describe('the kubelet', () => {
  it('registers its node as ready', async () => {
    const node = await client.get(NODES, { name: 'sidecar-node' })
    expect(node.status).toMatchObject({
      addresses: [{ type: 'InternalIP', address: '10.244.0.1' }, { type: 'Hostname' }],
      nodeInfo: { kubeletVersion: 'v1.33.4', operatingSystem: 'linux' },
    })
    expect(node.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True')
  })

  it('goes on after its watch has ended', async () => {
    endWatches()
    await create({ containers: [main('app')] })
    const hasStarted = () => runtime.calls.includes('start app 0')
    expect(await until(() => clock.advance(500).then(hasStarted), { timeoutMs: 2_000 })).toBe(true)
  })

  it('takes pods of a former life as a rebooted node would', async () => {
    await create({ initContainers: [main('prepare')], containers: [main('app')] })
    await until(() => runtime.container('prepare'), { timeoutMs: 2_000 })
    runtime.container('prepare')!.end(0)
    await eventually(isReady)
    await kubelet.stop()
    runtime = createFakeRuntime(clock)
    kubelet = await start()
    await until(() => runtime.container('prepare'), { timeoutMs: 2_000 })
    runtime.container('prepare')!.end(0)
    const pod = await eventually(
      (candidate) => container(candidate, 'app').restartCount === 1 && isReady(candidate),
    )
    expect(runtime.calls).toEqual(['sandbox web', 'start prepare 1', 'start app 1'])
    expect(container(pod, 'app').lastState?.terminated).toMatchObject({ exitCode: 255, reason: 'Unknown' })
    expect(await eventTexts((texts) => texts.some((text) => text.includes('SandboxChanged')))).toContain(
      'Normal SandboxChanged Pod sandbox changed, it will be killed and re-created.',
    )
  })

  it('says why there is no log yet, and no earlier one', async () => {
    await create({ containers: [{ name: 'app', image: 'nope:1' }] })
    const waiting = await eventually((pod) => container(pod, 'app').state?.waiting?.message)
    await expect(logOf(waiting, 'app')).rejects.toThrow(
      'container "app" in pod "web" is waiting to start: image can\'t be pulled',
    )
    await expect(logOf(waiting, 'app', { previous: true })).rejects.toThrow(
      'previous terminated container "app" in pod "web" not found',
    )
  })
})

function start(): Promise<Kubelet> {
  return startKubelet(kubeletOptions({ client, runtime, clock, folder }))
}

/** Notes every request, and lets a test end the watches that are open. */
function observed(transport: Transport): Transport {
  return async (request) => {
    requests.push(`${request.method} ${new URL(request.url).pathname}`)
    const response = await transport(request)
    if (!request.url.includes('watch=true') || !response.body) return response
    const reader = response.body.getReader()
    let end = () => {}
    const ended = new Promise<{ done: true; value?: undefined }>((resolve) => {
      end = () => resolve({ done: true })
    })
    const readable = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await Promise.race([reader.read(), ended])
        if (done) controller.close()
        else controller.enqueue(value)
      },
    })
    endWatches = end
    request.signal.addEventListener('abort', end)
    return new Response(readable, response)
  }
}

async function logOf(pod: Pod, name: string, options: { previous?: boolean } = {}): Promise<string> {
  const { signal } = new AbortController()
  const stream = await kubelet.logs(pod, {
    container: name,
    follow: false,
    previous: false,
    timestamps: false,
    signal,
    ...options,
  })
  return await new Response(stream).text()
}
