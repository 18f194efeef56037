/** What the tests of the whole node do inside a node namespace: real API server, kubelet and containers. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createApi } from '#sandbox/api/server.ts'
import { EVENTS, KubernetesClient, PODS } from '#sandbox/client.ts'
import { systemClock as clock } from '#sandbox/clock.ts'
import type { Pod } from '#sandbox/objects.ts'
import { imageNames, resolveImage } from '#sandbox/pods/images.ts'
import { startKubelet, type Kubelet } from '#sandbox/pods/kubelet.ts'
import { createLinuxRuntime } from '#sandbox/pods/linux/runtime.ts'
import { createStore } from '#sandbox/store.ts'
import { until } from '#sandbox/until.ts'

const WEB = { name: 'web', namespace: 'default' }

interface Stage {
  folder: string
  client: KubernetesClient
  kubelet: Kubelet
  create(spec: Pod['spec']): Promise<void>
  when(condition: (pod: Pod) => unknown): Promise<Pod>
}

async function onStage<T>(folder: string, play: (stage: Stage) => Promise<T>): Promise<T> {
  const runtime = createLinuxRuntime({ folder: join(folder, 'runtime'), clock })
  await runtime.prepare()
  const api = await createApi({ store: createStore(), clock, node: () => kubelet })
  const client = new KubernetesClient(api.handle)
  const kubelet: Kubelet = await startKubelet({
    client,
    runtime,
    images: { resolve: resolveImage, names: imageNames },
    clock,
    folder,
    nodeName: 'sidecar-node',
    hostIp: '10.244.0.1',
    version: 'v1.33.4',
  })
  try {
    return await play({
      folder,
      client,
      kubelet,
      async create(spec) {
        const pod = {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: WEB,
          spec: { ...spec, nodeName: 'sidecar-node' },
        }
        await client.create(PODS, pod)
      },
      async when(condition) {
        const meets = async () => {
          const pod = await client.get(PODS, WEB)
          return condition(pod) ? pod : undefined
        }
        const pod = await until(meets, { timeoutMs: 10_000, intervalMs: 2 })
        if (pod) return pod
        throw new Error(`never: ${JSON.stringify(await client.get(PODS, WEB), null, 1)}`)
      },
    })
  } finally {
    await kubelet.stop()
    await runtime.stop()
  }
}

/** A pod whose sidecar reads what its neighbour writes to a shared emptyDir, until it is deleted. */
export function sidecarReadsASharedVolume(folder: string) {
  return onStage(folder, async ({ client, kubelet, create, when }) => {
    const volumeMounts = [{ name: 'shared', mountPath: '/var/shared' }]
    const write =
      'trap "exit 0" TERM; n=0; while :; do n=$((n+1)); echo line $n >>/var/shared/log; sleep 0.05; done'
    await create({
      volumes: [{ name: 'shared', emptyDir: {} }],
      containers: [
        { name: 'app', image: 'busybox', command: ['sh', '-c', write], volumeMounts },
        {
          name: 'sidecar',
          image: 'busybox',
          command: [
            'sh',
            '-c',
            'until test -f /var/shared/log; do sleep 0.01; done; exec tail -n +1 -f /var/shared/log',
          ],
          volumeMounts: [{ ...volumeMounts[0]!, readOnly: true }],
        },
      ],
      terminationGracePeriodSeconds: 2,
    })
    const pod = await when(({ status }) => status.containerStatuses?.every(({ ready }) => ready))
    const output = await until(
      async () => {
        const lines = (await client.logs(WEB, { container: 'sidecar' })).split('\n')
        return lines.length > 3 ? lines.slice(0, 3) : undefined
      },
      { timeoutMs: 5_000 },
    )
    const stdout = new PassThrough()
    const { signal } = new AbortController()
    const command = ['sh', '-c', 'hostname; exit 3']
    const session = await kubelet.exec(pod, { container: 'app', command, tty: false, stdout, signal })
    const [said, exitCode] = await Promise.all([text(stdout), session.exitCode])
    await client.delete(PODS, WEB)
    const isGone = await until(async () => !(await client.find(PODS, WEB)), { timeoutMs: 10_000 })
    return { output, said, exitCode, isGone, phase: pod.status.phase, ip: pod.status.podIP }
  })
}

/** A pod that crashes, told by its status, its logs and its events. */
export function crashIsTold(folder: string) {
  return onStage(folder, async ({ client, create, when }) => {
    await create({
      containers: [{ name: 'app', image: 'busybox', command: ['sh', '-c', 'echo dying; exit 7'] }],
    })
    const { status } = await when(
      (pod) => pod.status.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff',
    )
    const previous = await client.logs(WEB, { previous: true })
    const told = async () => {
      const { items } = await client.list(EVENTS)
      return items.some(({ reason }) => reason === 'BackOff') ? items : undefined
    }
    const items = (await until(told, { timeoutMs: 2_000 })) ?? []
    const [app] = status.containerStatuses!
    return {
      previous,
      restarts: app!.restartCount,
      exitCode: app!.lastState?.terminated?.exitCode,
      counts: Object.fromEntries(items.map(({ reason, count }) => [reason, count])),
    }
  })
}

/** A command that does not exist. */
export function wrongCommandIsTold(folder: string) {
  return onStage(folder, async ({ create, when }) => {
    await create({
      restartPolicy: 'Never',
      containers: [{ name: 'app', image: 'busybox', command: ['no-such-command'] }],
    })
    const { status } = await when((pod) => pod.status.phase === 'Failed')
    const { reason, message, exitCode } = status.containerStatuses![0]!.state!.terminated!
    return { reason, message, exitCode }
  })
}

/** How long it takes from the request to running, and what a pod leaves behind. */
export function podsComeAndGo(folder: string) {
  return onStage(folder, async ({ client, create, when }) => {
    const spec = { containers: [{ name: 'app', image: 'busybox', command: ['sh', '-c', 'exec sleep 1000'] }] }
    await create({ ...spec, terminationGracePeriodSeconds: 0 })
    await when(({ status }) => status.phase === 'Running')
    await client.delete(PODS, WEB, { gracePeriodSeconds: 1 })
    await until(async () => !(await client.find(PODS, WEB)), { timeoutMs: 10_000 })
    await until(() => readdirSync(join(folder, 'pods')).length === 0, { timeoutMs: 2_000 })
    return { left: readdirSync(join(folder, 'pods')), hasFolder: existsSync(join(folder, 'pods')) }
  })
}
