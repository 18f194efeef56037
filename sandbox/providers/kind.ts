/** Real Kubernetes in containers of Docker or Podman, by the kind binary: a cluster and a kubeconfig of the kit's own. */
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withClusterFolder } from '../cluster-folder.ts'
import type { ClusterInfo, ClusterProvider, StartOptions } from '../cluster.ts'
import { NODES, PODS, type KubernetesClient } from '../client.ts'
import { buildImages } from '../containers/build.ts'
import { findEngine, runEngine, type ContainerEngine } from '../containers/engine.ts'
import { kitImages, replacements } from '../containers/kit-images.ts'
import { WorkshopError } from '../errors.ts'
import { findBinary } from '../find-binary.ts'
import { installLine } from '../install-line.ts'
import { listNodes, runKind } from '../kind/binary.ts'
import { createKindCluster } from '../kind/create.ts'
import { loadIntoKind } from '../kind/load-images.ts'
import { connect, readKubeconfig } from '../kubeconfig.ts'
import { noteKitExtension, parseKubeconfig, writeOwnKubeconfig } from '../kubeconfig-file.ts'
import { clusterFolder } from '../paths.ts'
import { until } from '../until.ts'

/** Somebody else may be making it, node image and all. */
const LOCK_TIMEOUT_MS = 15 * 60_000
const READY_TIMEOUT_MS = 90_000
const DELETE_TIMEOUT_MS = 120_000

/** See {@link ClusterProvider}. */
export const provider: ClusterProvider = {
  name: 'kind',

  async isAvailable() {
    if (!findBinary('kind')) return new WorkshopError('kind is not on your PATH', installLine('kind'))
    try {
      await findEngine()
      return undefined
    } catch (error) {
      if (error instanceof WorkshopError) return error
      throw error
    }
  },

  async start(options) {
    const engine = await findEngine()
    await withClusterFolder('kind', LOCK_TIMEOUT_MS, async (folder) => {
      const nodes = await listNodes(engine)
      if (nodes.length === 0) await create(folder, engine, options)
      else await wake(folder, engine, nodes, options)
    })
  },

  async stop({ progress, keepState = false }) {
    const engine = await findEngine()
    await withClusterFolder('kind', LOCK_TIMEOUT_MS, async (folder) => {
      const nodes = await listNodes(engine)
      const stage = progress.stage('Stopping the kind cluster')
      try {
        await rm(join(folder, 'kubeconfig'), { force: true })
        if (keepState && nodes.length > 0) await runEngine(engine, ['stop', ...nodes])
        if (!keepState) await remove(folder, engine)
        stage.done(nodes.length > 0 ? undefined : 'there was none')
      } catch (error) {
        stage.failed()
        throw error
      }
    })
  },

  async kubeconfig() {
    const path = join(clusterFolder('kind'), 'kubeconfig')
    if (existsSync(path)) return path
    throw new WorkshopError('the kind cluster is not running', 'npm run cluster up kind')
  },

  async loadImages({ images: wanted, progress, signal }) {
    const engine = await findEngine()
    const images = await kitImages({ wanted: await wanted?.() })
    await buildImages(engine, images, { progress, signal })
    await withClusterFolder('kind', LOCK_TIMEOUT_MS, async (folder) => {
      await loadIntoKind(images, { folder, engine, progress, signal })
    })
  },

  async collectLogs(folder) {
    await runKind(await findEngine(), ['export', 'logs', folder], { timeoutMs: READY_TIMEOUT_MS })
  },

  async info(): Promise<ClusterInfo> {
    const folder = clusterFolder('kind')
    const path = join(folder, 'kubeconfig')
    if (!existsSync(path)) return { running: false, details: { state: folder } }
    const connection = await readKubeconfig(path)
    const client = connect(connection)
    if (!(await answersReady(client))) return { running: false, details: { state: folder } }
    const { gitVersion } = await client.json<{ gitVersion: string }>('GET', '/version')
    const [nodes, pods] = await Promise.all([client.list(NODES), client.list(PODS)])
    const details = { nodes: String(nodes.items.length), pods: String(pods.items.length), state: folder }
    return { running: true, server: connection.server, version: gitVersion, details }
  },
}

async function create(folder: string, engine: ContainerEngine, options: StartOptions): Promise<void> {
  const { progress, signal, workers = 0 } = options
  // What was loaded into the nodes of before is gone with them.
  await rm(join(folder, 'loaded.json'), { force: true })
  const kubeconfig = join(folder, 'kubeconfig.kind')
  try {
    await createKindCluster({ workers, kubeconfig, engine, progress, signal })
    await writeKubeconfig(folder, engine)
    await expectReady(folder, signal)
  } catch (error) {
    await remove(folder, engine).catch(() => {})
    throw error
  }
}

/** The nodes are there: they may be stopped, as after a reboot, and have another port afterwards. */
async function wake(
  folder: string,
  engine: ContainerEngine,
  nodes: readonly string[],
  { progress, signal, workers = 0 }: StartOptions,
): Promise<void> {
  if (nodes.length < workers + 1) {
    const has = `the kind cluster has ${nodes.length} of the ${workers + 1} nodes that this lesson needs`
    throw new WorkshopError(has, 'npm run cluster down kind, and open the lesson again')
  }
  const path = join(folder, 'kubeconfig')
  if (existsSync(path) && (await answersReady(connect(await readKubeconfig(path))))) return
  const stage = progress.stage('Starting the nodes of the kind cluster')
  try {
    await runEngine(engine, ['start', ...nodes], { timeoutMs: READY_TIMEOUT_MS, signal })
    await writeKubeconfig(folder, engine)
    await expectReady(folder, signal)
    stage.done()
  } catch (error) {
    stage.failed()
    throw error
  }
}

async function remove(folder: string, engine: ContainerEngine): Promise<void> {
  const kubeconfig = join(folder, 'kubeconfig.kind')
  await runKind(engine, ['delete', 'cluster', '--kubeconfig', kubeconfig], { timeoutMs: DELETE_TIMEOUT_MS })
  await rm(folder, { recursive: true, force: true })
}

/** Our own file: kind's with a note of which images stand in for others. */
async function writeKubeconfig(folder: string, engine: ContainerEngine): Promise<void> {
  const path = join(folder, 'kubeconfig')
  const draft = `${path}.kind`
  await writeFile(draft, await runKind(engine, ['get', 'kubeconfig']), { mode: 0o600 })
  const config = await parseKubeconfig(draft)
  const images = replacements(await kitImages())
  for (const { context } of config.contexts ?? []) noteKitExtension(context, { images })
  await writeOwnKubeconfig(path, config)
  await rm(draft, { force: true })
}

async function expectReady(folder: string, signal?: AbortSignal): Promise<void> {
  const client = connect(await readKubeconfig(join(folder, 'kubeconfig')))
  const isReady = () => answersReady(client)
  if (await until(isReady, { timeoutMs: READY_TIMEOUT_MS, intervalMs: 250, signal })) return
  throw new WorkshopError(
    `the kind cluster does not get ready in ${READY_TIMEOUT_MS / 1000} s`,
    'npm run cluster down kind, then npm run cluster up kind',
  )
}

async function answersReady(client: KubernetesClient): Promise<boolean> {
  try {
    await client.raw('GET', '/readyz', { signal: AbortSignal.timeout(5_000) })
    return true
  } catch {
    return false
  }
}
