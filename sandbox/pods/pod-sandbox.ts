/** A pod's place on this machine: volumes and network, made before its containers and removed after them. */
import { rm } from 'node:fs/promises'
import { messageOf } from '../errors.ts'
import type { Pod } from '../objects.ts'
import { nextSetupDelayMs } from './back-off.ts'
import { identityOf, podFolder, podLogFolder, type KubeletContext } from './container-start.ts'
import type { SandboxRecord } from './record.ts'
import { VolumeError, mountVolumes, unmountVolumes } from './volumes.ts'

/** Mounts the volumes, then creates the sandbox. A refusal becomes an event, and a failure with the next try's time. */
export async function prepareSandbox(
  context: KubeletContext,
  pod: Pod,
  formerDelayMs: number | undefined,
): Promise<SandboxRecord> {
  const { clock, folder, runtime, events } = context
  try {
    await mountVolumes(pod, podFolder(folder, pod.metadata.uid), context)
    const { ip } = await runtime.createSandbox(identityOf(pod))
    return { is: 'ready', ip }
  } catch (error) {
    const isVolume = error instanceof VolumeError
    const message = isVolume ? error.message : `Failed to create pod sandbox: ${messageOf(error)}`
    const told = isVolume ? 'FailedMount' : 'FailedCreatePodSandBox'
    events.record(pod, { type: 'Warning', reason: told, message })
    const reason = isVolume ? error.reason : told
    return {
      is: 'absent',
      failure: { reason, message, atMs: clock.now(), delayMs: nextSetupDelayMs(formerDelayMs) },
    }
  }
}

/** Removes network and volumes; the logs stay as long as the pod's object does. Never throws. */
export async function removeSandbox({ runtime, events, folder }: KubeletContext, pod: Pod): Promise<void> {
  const { uid } = pod.metadata
  const tell = (error: unknown) => {
    const message = `error killing pod: ${messageOf(error)}`
    events.record(pod, { type: 'Warning', reason: 'FailedKillPod', message })
  }
  await runtime.removeSandbox(uid).catch(tell)
  await unmountVolumes(pod, podFolder(folder, uid), { runtime }).catch(tell)
  await removeFolder(podFolder(folder, uid))
}

/** Removes all files of a pod. Never throws. */
export async function removePodFiles({ folder }: KubeletContext, pod: Pod): Promise<void> {
  await Promise.all([podFolder(folder, pod.metadata.uid), podLogFolder(folder, pod)].map(removeFolder))
}

function removeFolder(path: string): Promise<void> {
  // What can't be removed now is removed as a leftover when the kubelet starts again.
  return rm(path, { recursive: true, force: true }).catch(() => undefined)
}
