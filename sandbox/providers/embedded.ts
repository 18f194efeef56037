/** The default provider: our own API server and kubelet on this machine, from npm alone. */
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClusterInfo, ClusterProvider, StartOptions } from '../cluster.ts'
import { PODS, type KubernetesClient } from '../client.ts'
import { ensureCredentials, writeKubeconfig } from '../embedded/credentials.ts'
import { kitFingerprint } from '../embedded/kit-fingerprint.ts'
import {
  isRunning,
  startNodeProcess,
  stopNodeProcess,
  withInit,
  type NodeProcess,
} from '../embedded/node-process.ts'
import { WorkshopError } from '../errors.ts'
import { connect, readKubeconfig } from '../kubeconfig.ts'
import { withClusterFolder } from '../cluster-folder.ts'
import { clusterFolder } from '../paths.ts'
import { removeCpuGroups } from '../pods/linux/cgroup.ts'
import { removeNodeFolder, tryIsolation } from '../pods/linux/isolation.ts'
import { until } from '../until.ts'

/** A cold, busy machine takes a few seconds; what takes longer hangs. */
const READY_TIMEOUT_MS = 20_000
const LOCK_TIMEOUT_MS = READY_TIMEOUT_MS + 10_000

/** What is remembered of a start: the chain, and the kit that it was started from. */
type KeptNode = NodeProcess & { kit: string }

/** See {@link ClusterProvider}. */
export const provider: ClusterProvider = {
  name: 'embedded',

  isAvailable: () => tryIsolation(),

  async start(options: StartOptions) {
    await withClusterFolder('embedded', LOCK_TIMEOUT_MS, async (folder) => {
      if (await isReady(folder)) return
      // What is left runs no more, or runs yesterday's kit. Its objects stay, as over a reboot.
      await stopNode(folder)
      await startNode(folder, options)
    })
  },

  async stop({ progress, keepState = false }) {
    await withClusterFolder('embedded', LOCK_TIMEOUT_MS, async (folder) => {
      const stage = progress.stage('Stopping the cluster')
      try {
        const wasRunning = await stopNode(folder)
        if (!keepState) await removeNodeFolder(folder)
        stage.done(wasRunning ? undefined : 'it was not running')
      } catch (error) {
        stage.failed()
        throw error
      }
    })
  },

  async kubeconfig() {
    const folder = clusterFolder('embedded')
    const node = await readNode(folder)
    if (!node || !isRunning(node)) {
      throw new WorkshopError('the embedded cluster is not running', 'npm run cluster up')
    }
    return join(folder, 'kubeconfig')
  },

  // The kit's images are folders that the engine reads by itself.
  async loadImages() {},

  async collectLogs(folder) {
    const source = clusterFolder('embedded')
    await mkdir(folder, { recursive: true })
    for (const name of ['engine.log', 'logs']) {
      await cp(join(source, name), join(folder, name), { recursive: true }).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      })
    }
  },

  async info(): Promise<ClusterInfo> {
    const folder = clusterFolder('embedded')
    const node = await readNode(folder)
    if (!node || !isRunning(node)) return { running: false, details: { state: folder } }
    const client = await clientOf(folder)
    const version = await client.json<{ gitVersion: string }>('GET', '/version')
    const { items } = await client.list(PODS)
    return {
      running: true,
      server: `https://127.0.0.1:${node.port}`,
      version: version.gitVersion,
      details: { pods: String(items.length), process: String(node.unshare.pid), state: folder },
    }
  },
}

async function startNode(folder: string, { progress, port = 0, signal }: StartOptions): Promise<void> {
  const stage = progress.stage('Starting the API server and the kubelet')
  let node: NodeProcess | undefined
  try {
    const started = await startNodeProcess(folder, port)
    node = started.node
    // While the engine loads: is this machine fit, and a certificate for a cluster that has none yet.
    const [missing, credentials, kit] = await Promise.all([
      tryIsolation(),
      ensureCredentials(folder),
      kitFingerprint(),
    ])
    if (missing) throw missing
    await writeKubeconfig(folder, node.port, credentials)
    await writeNode(folder, { ...node, kit })
    started.confirm(credentials)
    await waitUntilReady(folder, node, signal)
    await writeNode(folder, { ...withInit(node), kit })
    stage.done(`https://127.0.0.1:${node.port}`)
  } catch (error) {
    stage.failed()
    if (node) await stopNodeProcess(node)
    throw error
  }
}

async function waitUntilReady(folder: string, node: NodeProcess, signal?: AbortSignal): Promise<void> {
  const client = await clientOf(folder)
  const ready = await until(
    async () => {
      if (!isRunning(node)) throw await startFailure(folder, 'ended while starting')
      return await answersReady(client)
    },
    { timeoutMs: READY_TIMEOUT_MS, intervalMs: 5, signal },
  )
  if (!ready) throw await startFailure(folder, `did not get ready in ${READY_TIMEOUT_MS / 1000} s`)
}

async function startFailure(folder: string, what: string): Promise<WorkshopError> {
  const path = join(folder, 'engine.log')
  const log = await readFile(path, 'utf8').catch(() => '')
  const tail = log.trimEnd().split('\n').slice(-5).join('\n')
  return new WorkshopError(`the cluster ${what}:\n${tail || '(it logged nothing)'}`, `see ${path}`)
}

/** Ends the chain of a former start, whatever is left of it; answers whether it ran. */
async function stopNode(folder: string): Promise<boolean> {
  const node = await readNode(folder)
  if (!node) return false
  const wasRunning = isRunning(node)
  await stopNodeProcess(node)
  await removeCpuGroups(join(folder, 'runtime'))
  await rm(join(folder, 'node.json'), { force: true })
  return wasRunning
}

async function isReady(folder: string): Promise<boolean> {
  const node = await readNode(folder)
  if (!node || !isRunning(node) || node.kit !== (await kitFingerprint())) return false
  return await answersReady(await clientOf(folder))
}

async function answersReady(client: KubernetesClient): Promise<boolean> {
  try {
    await client.raw('GET', '/readyz', { signal: AbortSignal.timeout(2_000) })
    return true
  } catch {
    return false
  }
}

async function clientOf(folder: string): Promise<KubernetesClient> {
  return connect(await readKubeconfig(join(folder, 'kubeconfig')))
}

async function readNode(folder: string): Promise<KeptNode | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, 'node.json'), 'utf8')) as KeptNode
  } catch {
    return undefined
  }
}

async function writeNode(folder: string, node: KeptNode): Promise<void> {
  const draft = join(folder, `node.json.${process.pid}`)
  await writeFile(draft, JSON.stringify(node), { mode: 0o600 })
  await rename(draft, join(folder, 'node.json'))
}
