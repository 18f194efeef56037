/** A pod's volumes as folders of the host: emptyDir, configMap and secret. */
import { chmod, mkdir, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, normalize, relative, sep } from 'node:path'
import { timestamp } from '../clock.ts'
import type { KubernetesClient } from '../client.ts'
import type { Container, Pod, Volume } from '../objects.ts'
import { ConfigError, expand, readData } from './environment.ts'
import type { ContainerMount } from './runtime.ts'

/** A volume can't be set up; `reason` is Unsupported where trying again is of no use. */
export class VolumeError extends Error {
  readonly reason: 'FailedMount' | 'Unsupported'

  constructor(reason: VolumeError['reason'], message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'VolumeError'
    this.reason = reason
  }
}

const SERVED = ['emptyDir', 'configMap', 'secret']

/** Makes each volume of the pod under `folder`, in parallel. Idempotent. Throws VolumeError. */
export async function mountVolumes(
  pod: Pod,
  folder: string,
  client: KubernetesClient,
  nowMs: number,
): Promise<void> {
  await Promise.all(
    (pod.spec.volumes ?? []).map(async (volume) => {
      try {
        await mountVolume(pod, volume, volumeFolder(folder, volume), client, nowMs)
      } catch (error) {
        if (error instanceof VolumeError) throw error
        const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${(error as Error).message}`
        throw new VolumeError('FailedMount', message, { cause: error })
      }
    }),
  )
}

/** The mounts of one container, in the spec's order; subPath folders are made. Throws ConfigError. */
export async function containerMounts(
  pod: Pod,
  container: Container,
  folder: string,
  env: Record<string, string>,
): Promise<ContainerMount[]> {
  return await Promise.all(
    (container.volumeMounts ?? []).map(async (mount) => {
      const volume = pod.spec.volumes?.find(({ name }) => name === mount.name)
      if (!volume)
        throw new ConfigError(
          `cannot find volume "${mount.name}" to mount into container "${container.name}"`,
        )
      const root = volumeFolder(folder, volume)
      const subPath = mount.subPathExpr ? expand(mount.subPathExpr, env) : mount.subPath
      return {
        source: subPath ? await subPathIn(root, subPath, mount.name, container.name) : root,
        mountPath: mount.mountPath,
        // What comes from the API is read-only whatever the mount says.
        readOnly: mount.readOnly === true || volume.emptyDir === undefined,
      }
    }),
  )
}

async function mountVolume(
  pod: Pod,
  volume: Volume,
  path: string,
  client: KubernetesClient,
  nowMs: number,
): Promise<void> {
  if (volume.emptyDir) {
    await mkdir(path, { recursive: true })
    await chmod(path, 0o777)
    return
  }
  const source = volume.configMap ?? volume.secret
  if (!source) throw unsupported(volume)
  const kind = volume.configMap ? 'configmap' : 'secret'
  const name = volume.configMap?.name ?? volume.secret?.secretName
  const data = await readData(pod, kind, { name, optional: source.optional }, client)
  await publish(path, selectFiles(data ?? new Map(), source, kind), source.defaultMode ?? 0o644, nowMs)
}

type Files = Map<string, { content: Buffer; mode?: number }>

function selectFiles(
  data: Map<string, Buffer>,
  source: { items?: { key: string; path: string; mode?: number }[]; optional?: boolean },
  kind: string,
): Files {
  if (!source.items) return new Map([...data].map(([key, content]) => [key, { content }]))
  return new Map(
    source.items.flatMap(({ key, path, mode }) => {
      const content = data.get(key)
      if (content) return [[path, { content, mode }]]
      if (source.optional) return []
      throw new ConfigError(
        `${kind} references non-existent ${kind === 'secret' ? 'secret' : 'config'} key: ${key}`,
      )
    }),
  )
}

/** As the kubelet's atomic writer: files in a dated folder, `..data` points to it, names point through `..data`. */
async function publish(path: string, files: Files, defaultMode: number, nowMs: number): Promise<void> {
  const dated = `..${timestamp(nowMs).replaceAll(/[-:T]/g, '_').slice(0, -1)}.${process.hrtime.bigint() % 1_000_000_000n}`
  await mkdir(join(path, dated), { recursive: true })
  await Promise.all(
    [...files].map(async ([name, { content, mode = defaultMode }]) => {
      const file = join(path, dated, normalize(name))
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, content)
      await chmod(file, mode)
    }),
  )
  await rm(join(path, '..data_tmp'), { force: true })
  await symlink(dated, join(path, '..data_tmp'))
  await rename(join(path, '..data_tmp'), join(path, '..data'))
  const tops = new Set([...files.keys()].map((name) => normalize(name).split(sep)[0]!))
  await Promise.all(
    [...tops].map(async (top) => {
      await rm(join(path, top), { force: true })
      await symlink(join('..data', top), join(path, top))
    }),
  )
}

/** A container can plant symlinks in its volume: what they resolve to must still lie in it. */
async function subPathIn(root: string, subPath: string, volume: string, container: string): Promise<string> {
  const failure = new ConfigError(
    `failed to prepare subPath for volumeMount "${volume}" of container "${container}"`,
  )
  const path = join(root, subPath)
  const rootPath = await realpath(root)
  let existing = path
  let real = await realpathOrNone(existing)
  while (real === undefined) {
    existing = dirname(existing)
    real = await realpathOrNone(existing)
  }
  if (leaves(root, path) || leaves(rootPath, real)) throw failure
  if (existing !== path) {
    await mkdir(path, { recursive: true })
    await chmod(path, 0o777)
  }
  return await realpath(path)
}

function realpathOrNone(path: string): Promise<string | undefined> {
  return realpath(path).catch(() => undefined)
}

function leaves(root: string, path: string): boolean {
  const way = relative(root, path)
  return way === '..' || way.startsWith(`..${sep}`)
}

function volumeFolder(folder: string, volume: Volume): string {
  const type = volume.emptyDir ? 'empty-dir' : volume.configMap ? 'configmap' : 'secret'
  return join(folder, 'volumes', `kubernetes.io~${type}`, volume.name)
}

function unsupported(volume: Volume): VolumeError {
  const type = Object.keys(volume).find((key) => key !== 'name') ?? 'no type'
  return new VolumeError(
    'Unsupported',
    `MountVolume.SetUp failed for volume "${volume.name}" : the embedded cluster does not serve volumes of type ${type}, only ${SERVED.join(', ')}`,
  )
}
