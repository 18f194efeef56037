/** The real kubectl against an API server with its controllers, and a kubelet that is played: its pods run at once. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '#sandbox/api/listen.ts'
import { NAMESPACES, NODES, PODS } from '#sandbox/client.ts'
import { systemClock, timestamp } from '#sandbox/clock.ts'
import { runCommand } from '#sandbox/command.ts'
import { startControllers } from '#sandbox/controllers/start.ts'
import { ensureCredentials, writeKubeconfig } from '#sandbox/embedded/credentials.ts'
import type { Pod } from '#sandbox/objects.ts'
import { binary } from './needs.ts'
import { type TestApi, createTestApi } from './test-api.ts'

/** What describeWith asks for. */
export const kubectlNeeds = [binary('kubectl', 'see https://kubernetes.io/docs/tasks/tools/')]

/** An API server that kubectl can talk to. */
export interface KubectlTest extends TestApi {
  /** Both outputs of one run in a namespace, ages shown as 0s. */
  run(namespace: string, ...args: string[]): Promise<string>
  /** Writes a manifest for `-f` into the folder where kubectl runs. */
  write(file: string, manifest: string): Promise<void>
  createNamespace(name: string): Promise<string>
  stop(): Promise<void>
}

/** Starts it all; `statusOf` says what becomes of a pod, the status of a running and ready one unless told. */
export async function startKubectlTest(
  statusOf: (pod: Pod) => Record<string, unknown> = runningStatus,
): Promise<KubectlTest> {
  const folder = await mkdtemp(join(tmpdir(), 'kubectl-'))
  const test = await createTestApi()
  const aborter = new AbortController()
  const controllers = await startControllers({ client: test.client, clock: systemClock })
  await test.client.create(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'sidecar-node' } })
  void playKubelet(test, statusOf, aborter.signal)
  const credentials = await ensureCredentials(folder)
  const listening = await serve(test.api, { host: '127.0.0.1', port: 0, ...credentials })
  const kubeconfig = await writeKubeconfig(folder, listening.port, credentials)
  return {
    ...test,
    async run(namespace, ...args) {
      const { stdout, stderr } = await runCommand('kubectl', ['-n', namespace, ...args], {
        cwd: folder,
        env: { KUBECONFIG: kubeconfig, HOME: folder },
      })
      return [stdout, stderr]
        .filter(Boolean)
        .join('\n')
        .replaceAll(/\b\d+m?s\b/g, '0s')
    },
    write: (file, manifest) => writeFile(join(folder, file), manifest),
    async createNamespace(name) {
      await test.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
      return name
    },
    async stop() {
      controllers.stop()
      aborter.abort()
      await listening.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function playKubelet(
  { client }: TestApi,
  statusOf: (pod: Pod) => Record<string, unknown>,
  signal: AbortSignal,
): Promise<void> {
  const { resourceVersion } = await client.list(PODS)
  for await (const { type, object } of client.watch(PODS, { resourceVersion, signal })) {
    const { metadata, spec, status } = object
    if (type === 'DELETED') continue
    // A pod that is gone meanwhile needs nothing.
    if (metadata.deletionTimestamp) {
      if (!metadata.deletionGracePeriodSeconds) continue
      await client.delete(PODS, metadata, { gracePeriodSeconds: 0 }).catch(() => {})
    } else if (spec.nodeName && !status.startTime) {
      const change = { status: statusOf(object) }
      await client.patch(PODS, metadata, change, { subresource: 'status' }).catch(() => {})
    }
  }
}

let lastAddress = 0

/** The status of a pod all of whose containers run and are ready, at an address of its own. */
export function runningStatus({ spec }: Pod): Record<string, unknown> {
  const now = timestamp(Date.now())
  const state = { running: { startedAt: now } }
  const podIP = `10.244.0.${(lastAddress = (lastAddress % 250) + 1) + 1}`
  return {
    phase: 'Running',
    startTime: now,
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: now,
    })),
    containerStatuses: spec.containers.map(({ name, image }) => ({
      name,
      image,
      imageID: image,
      ready: true,
      started: true,
      restartCount: 0,
      state,
    })),
  }
}

/** The status of a pod all of whose containers have ended with this exit code. */
export function endedStatus({ spec }: Pod, exitCode: number): Record<string, unknown> {
  const now = timestamp(Date.now())
  const reason = exitCode === 0 ? 'Completed' : 'Error'
  return {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    startTime: now,
    containerStatuses: spec.containers.map(({ name, image }) => ({
      name,
      image,
      imageID: image,
      ready: false,
      started: false,
      restartCount: 0,
      state: { terminated: { exitCode, reason, startedAt: now, finishedAt: now } },
    })),
  }
}
