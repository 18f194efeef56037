/** What the tests of the whole node do inside a node namespace: real API server, kubelet and containers. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { EVENTS, PODS } from '#sandbox/client.ts'
import { until } from '#sandbox/until.ts'
import { WEB, onStage } from './node-stage.ts'

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
