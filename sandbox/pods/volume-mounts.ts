/** Where the volumes of a pod appear in one container. */
import { chmod, mkdir, realpath } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import type { Container, Pod, Volume } from '../objects.ts'
import { ConfigError, expand } from './environment.ts'
import type { ContainerMount } from './runtime.ts'

type VolumeMount = NonNullable<Container['volumeMounts']>[number]

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
      const subPath = subPathOf(mount, env)
      return {
        source: subPath ? await subPathIn(root, subPath, mount.name, container.name) : root,
        mountPath: mount.mountPath,
        // What comes from the API is read-only whatever the mount says.
        readOnly: mount.readOnly === true || volume.emptyDir === undefined,
      }
    }),
  )
}

/** Where a volume of the pod whose folder is `folder` lies on this machine. */
export function volumeFolder(folder: string, volume: Volume): string {
  const type = Object.keys(volume).find((key) => key !== 'name') ?? 'emptyDir'
  const plugin =
    type === 'downwardAPI' ? 'downward-api' : type === 'emptyDir' ? 'empty-dir' : type.toLowerCase()
  return join(folder, 'volumes', `kubernetes.io~${plugin}`, volume.name)
}

function subPathOf({ subPath, subPathExpr }: VolumeMount, env: Record<string, string>): string | undefined {
  if (!subPathExpr) return subPath
  const missing = new Set<string>()
  for (const [whole, name] of subPathExpr.matchAll(/\$\$|\$\(([^)]*)\)/g)) {
    if (whole !== '$$' && !env[name!]) missing.add(name!)
  }
  if (missing.size > 0) throw new ConfigError(`missing value for ${[...missing].sort().join(', ')}`)
  return expand(subPathExpr, env)
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
