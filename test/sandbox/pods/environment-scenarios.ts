/** What pods see of volumes, users and limits on a whole node: each export is a scenario and answers what it saw. */
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { CONFIG_MAPS, EVENTS, PODS } from '#sandbox/client.ts'
import type { Pod } from '#sandbox/objects.ts'
import { until } from '#sandbox/until.ts'
import { WEB, onStage, type Stage } from './node-stage.ts'

type Spec = Pod['spec']

function logged({ client }: Stage, container: string, words: string): Promise<string | undefined> {
  const read = async () => {
    const log = await client.logs(WEB, { container }).catch(() => '')
    return log.includes(words) ? log : undefined
  }
  return until(read, { timeoutMs: 10_000 })
}

/** A ConfigMap, a label and their pod change while it runs. */
export function changesArrive(folder: string) {
  return onStage(folder, async (stage) => {
    const { client, create } = stage
    const manifest = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace: 'default' },
    }
    await client.create(CONFIG_MAPS, { ...manifest, data: { level: 'one' } })
    const script = 'while :; do cat /all/level /single /all/labels; echo; sleep 0.05; done'
    await create({
      volumes: [
        {
          name: 'all',
          projected: {
            sources: [
              { configMap: { name: 'settings' } },
              { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
            ],
          },
        },
      ],
      containers: [
        {
          name: 'app',
          image: 'busybox',
          command: ['sh', '-c', script],
          volumeMounts: [
            { name: 'all', mountPath: '/all' },
            { name: 'all', mountPath: '/single', subPath: 'level' },
          ],
        },
      ],
    })
    const before = await logged(stage, 'app', 'oneone')
    await client.patch(CONFIG_MAPS, manifest.metadata, { data: { level: 'two' } })
    await client.patch(PODS, WEB, { metadata: { labels: { color: 'blue' } } })
    const after = await logged(stage, 'app', 'twoonecolor="blue"')
    return { before: before !== undefined, after: after !== undefined }
  })
}

/** An emptyDir in memory takes no more than its limit, and is shared. */
export function memoryVolumeIsLimited(folder: string) {
  return onStage(folder, async (stage) => {
    const volumeMounts = [{ name: 'cache', mountPath: '/cache' }]
    const script =
      'df -m /cache | tail -1 | tr -s " " | cut -d" " -f1-2; head -c 3000000 /dev/zero >/cache/x; wc -c </cache/x'
    await stage.create({
      restartPolicy: 'Never',
      volumes: [{ name: 'cache', emptyDir: { medium: 'Memory', sizeLimit: '2Mi' } }],
      containers: [
        { name: 'app', image: 'busybox', command: ['sh', '-c', `${script}; echo done`], volumeMounts },
      ],
    })
    const log = await logged(stage, 'app', 'done')
    await stage.client.delete(PODS, WEB)
    const isGone = await until(async () => !(await stage.client.find(PODS, WEB)), { timeoutMs: 10_000 })
    return { lines: log?.split('\n').filter((line) => !line.startsWith('head')), isGone }
  })
}

/** A container that takes more memory than its limit. */
export function outOfMemoryIsTold(folder: string) {
  return onStage(folder, async ({ create, when }) => {
    const grow = 'const held = []; setInterval(() => held.push(Buffer.alloc(4 << 20, 1)), 20)'
    await create({
      restartPolicy: 'Never',
      containers: [
        {
          name: 'app',
          image: 'node:24',
          command: ['node', '-e', grow],
          resources: { limits: { memory: '96Mi' } },
        },
      ],
    })
    const { status } = await when((pod) => pod.status.phase === 'Failed')
    const { reason, exitCode } = status.containerStatuses![0]!.state!.terminated!
    return { reason, exitCode }
  })
}

async function waitingAnd(stage: Stage, spec: Spec) {
  await stage.create(spec)
  const pod = await stage.when(({ status }) => status.containerStatuses?.[0]?.state?.waiting?.message)
  const { reason, message } = pod.status.containerStatuses![0]!.state!.waiting!
  const told = async () => {
    const { items } = await stage.client.list(EVENTS)
    return items.find((event) => event.reason === 'Failed')
  }
  const event = await until(told, { timeoutMs: 2_000 })
  return {
    reason,
    message: message?.replaceAll(pod.metadata.uid, 'UID'),
    isTold: event?.message?.startsWith('Error: '),
  }
}

/** A pod that must not run as root, of an image that does. */
export function nonRootIsRefused(folder: string) {
  return onStage(folder, (stage) =>
    waitingAnd(stage, {
      securityContext: { runAsNonRoot: true },
      containers: [{ name: 'app', image: 'busybox', command: ['true'] }],
    }),
  )
}

/** A privileged container. */
export function privilegeIsRefused(folder: string) {
  return onStage(folder, (stage) =>
    waitingAnd(stage, {
      containers: [
        { name: 'app', image: 'busybox', command: ['true'], securityContext: { privileged: true } },
      ],
    }),
  )
}

/** Two containers of different users share a volume by its group. */
export function groupSharesAVolume(folder: string) {
  return onStage(folder, async (stage) => {
    const container = (name: string, runAsUser: number, script: string) => ({
      name,
      image: 'busybox',
      command: ['sh', '-c', `${script}; echo done`],
      securityContext: { runAsUser },
      volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
    })
    await stage.create({
      restartPolicy: 'Never',
      securityContext: { fsGroup: 2000 },
      volumes: [{ name: 'shared', emptyDir: {} }],
      initContainers: [container('writer', 1001, 'umask 027; id -G; echo hello >/shared/file')],
      containers: [container('reader', 1002, 'stat -c "%a %u %g" /shared /shared/file; cat /shared/file')],
    })
    const pod = await stage.when(
      ({ status }) =>
        status.phase === 'Succeeded' || status.initContainerStatuses?.[0]?.state?.waiting?.message,
    )
    const { waiting } = pod.status.initContainerStatuses![0]!.state!
    if (waiting) return waiting.reason
    return [await logged(stage, 'writer', 'done'), await logged(stage, 'reader', 'done')]
  })
}

/** Debuggers are added to a pod that runs: one that looks into its app, and one for a container that is not there. */
export function debuggersAreAdded(folder: string) {
  return onStage(folder, async (stage) => {
    const { create, when, store, client, kubelet } = stage
    await create({
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'app', image: 'busybox', command: ['sleep', '1234'] }],
    })
    const pod = await when(({ status }) => status.containerStatuses?.[0]?.ready)
    const looking = (name: string, targetContainerName: string) => ({
      name,
      image: 'busybox',
      command: ['sh', '-c', 'tr "\\0" " " </proc/1/cmdline; echo; read line; echo "got $line"; exit 3'],
      stdin: true,
      stdinOnce: true,
      tty: true,
      targetContainerName,
    })
    const ephemeralContainers = [looking('looker', 'app'), looking('lost', 'nobody')]
    store.put('pods', { ...pod, spec: { ...pod.spec, ephemeralContainers } } as Pod)
    const running = await when(
      ({ status }) =>
        status.ephemeralContainerStatuses?.[0]?.state?.running &&
        status.ephemeralContainerStatuses[1]?.state?.waiting?.message,
    )
    const log = await logged(stage, 'looker', 'sleep 1234')
    const [stdin, stdout] = [new PassThrough(), new PassThrough()]
    const { signal } = new AbortController()
    const session = await kubelet.attach(running, { container: 'looker', stdin, stdout, signal })
    stdin.write('words\n')
    const [said, exitCode] = await Promise.all([text(stdout), session.exitCode])
    const ended = await when(({ status }) => status.ephemeralContainerStatuses?.[0]?.state?.terminated)
    await client.delete(PODS, WEB)
    const isGone = await until(async () => !(await client.find(PODS, WEB)), { timeoutMs: 10_000 })
    return {
      log,
      said,
      exitCode,
      lost: running.status.ephemeralContainerStatuses![1]!.state!.waiting,
      restarts: ended.status.ephemeralContainerStatuses![0]!.restartCount,
      isReady: ended.status.conditions!.find(({ type }) => type === 'Ready')!.status,
      isGone,
    }
  })
}
