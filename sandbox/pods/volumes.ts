/** A pod's volumes as folders of this machine: made before its containers, kept up to date, removed after them. */
import { mkdir } from 'node:fs/promises'
import type { Pod, Volume } from '../objects.ts'
import { quantityValue } from '../quantity.ts'
import { giveToGroup, writeAtomically } from './atomic-writer.ts'
import type { ContainerRuntime } from './runtime.ts'
import { volumeFiles, type FilesContext } from './volume-files.ts'
import { volumeFolder } from './volume-mounts.ts'

/** What volumes are made with. */
export interface VolumeContext extends FilesContext {
  runtime: Pick<ContainerRuntime, 'mountMemory' | 'unmountMemory'>
}

/** A volume can't be set up; `reason` is Unsupported where trying again is of no use. */
export class VolumeError extends Error {
  readonly reason: 'FailedMount' | 'Unsupported'

  constructor(reason: VolumeError['reason'], message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'VolumeError'
    this.reason = reason
  }
}

const SERVED = ['emptyDir', 'configMap', 'secret', 'downwardAPI', 'projected']

/** Makes each volume of the pod under `folder`, or brings it up to date, in parallel. Throws VolumeError. */
export async function mountVolumes(pod: Pod, folder: string, context: VolumeContext): Promise<void> {
  await Promise.all(
    (pod.spec.volumes ?? []).map(async (volume) => {
      try {
        await mountVolume(pod, volume, volumeFolder(folder, volume), context)
      } catch (error) {
        if (error instanceof VolumeError) throw error
        const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${(error as Error).message}`
        throw new VolumeError('FailedMount', message, { cause: error })
      }
    }),
  )
}

/** Lets go of the memory of volumes, so that their folders can be removed. */
export async function unmountVolumes(
  pod: Pod,
  folder: string,
  { runtime }: Pick<VolumeContext, 'runtime'>,
): Promise<void> {
  const inMemory = (pod.spec.volumes ?? []).filter(({ emptyDir }) => emptyDir?.medium === 'Memory')
  await Promise.all(inMemory.map((volume) => runtime.unmountMemory(volumeFolder(folder, volume))))
}

async function mountVolume(pod: Pod, volume: Volume, path: string, context: VolumeContext): Promise<void> {
  const group = pod.spec.securityContext?.fsGroup
  if (volume.emptyDir) {
    await mkdir(path, { recursive: true })
    const { medium, sizeLimit } = volume.emptyDir
    if (medium === 'Memory') {
      await context.runtime.mountMemory(path, sizeLimit ? quantityValue(sizeLimit) : undefined)
    }
    await giveToGroup(path, group, group === undefined ? 0o777 : 0o2777)
    return
  }
  const files = await volumeFiles(pod, volume, path, context)
  if (!files) throw unsupported(volume)
  await mkdir(path, { recursive: true })
  await writeAtomically(path, files, { group, nowMs: context.clock.now() })
}

function unsupported(volume: Volume): VolumeError {
  const type = Object.keys(volume).find((key) => key !== 'name') ?? 'no type'
  return new VolumeError(
    'Unsupported',
    `MountVolume.SetUp failed for volume "${volume.name}" : the embedded cluster does not serve volumes of type ${type}, only ${SERVED.join(', ')}`,
  )
}
