/** Keeps the files of volumes as the API has them now: changed ConfigMaps and Secrets, labels, and tokens before they expire. */
import { CONFIG_MAPS } from '../client.ts'
import { follow } from '../follow.ts'
import type { Pod, Volume } from '../objects.ts'
import { podFolder, type KubeletContext } from './container-start.ts'
import { SECRETS } from './environment.ts'
import { VolumeError, mountVolumes } from './volumes.ts'

/** How often tokens are looked at: a tenth of the shortest life that one may have. */
const TOKENS_EVERY_MS = 60_000

/** What is to be told of pods. */
export interface VolumeUpdates {
  /** A pod's object has changed, which files of its volumes may show. */
  podChanged(before: Pod, pod: Pod): void
}

/**
 * Follows what volumes are made of until `signal` aborts. `pods` are those whose volumes are there. A change is
 * in the volumes at once, where a kubelet on a cluster takes up to a minute or two.
 */
export async function startVolumeUpdates(
  context: KubeletContext,
  signal: AbortSignal,
  pods: () => Pod[],
): Promise<VolumeUpdates> {
  const updating = new Map<string, Promise<void>>()

  /** One after the other for a pod. */
  function update(pod: Pod): void {
    const { uid } = pod.metadata
    const done = (updating.get(uid) ?? Promise.resolve()).then(() => refresh(context, pod))
    updating.set(uid, done)
    void done.then(() => {
      if (updating.get(uid) === done) updating.delete(uid)
    })
  }

  function updateUsers(type: 'configMap' | 'secret', namespace: string | undefined, name: string): void {
    for (const pod of pods()) {
      const isUsed = pod.metadata.namespace === namespace && sourcesOf(pod, type).includes(name)
      if (isUsed) update(pod)
    }
  }

  function lookAtTokens(): void {
    if (signal.aborted) return
    for (const pod of pods()) if (hasToken(pod)) update(pod)
    context.clock.schedule(TOKENS_EVERY_MS, lookAtTokens)
  }

  const following = { ...context, signal }
  await follow(following, CONFIG_MAPS, {}, ({ metadata }) =>
    updateUsers('configMap', metadata.namespace, metadata.name),
  )
  await follow(following, SECRETS, {}, ({ metadata }) =>
    updateUsers('secret', metadata.namespace, metadata.name),
  )
  context.clock.schedule(TOKENS_EVERY_MS, lookAtTokens)
  return {
    podChanged(before, pod) {
      if (showsMetadata(pod) && metadataOf(before) !== metadataOf(pod)) update(pod)
    },
  }
}

/** What can't be had any more leaves the files as they were. */
async function refresh(context: KubeletContext, pod: Pod): Promise<void> {
  try {
    await mountVolumes(pod, podFolder(context.folder, pod.metadata.uid), context)
  } catch (error) {
    if (!(error instanceof VolumeError)) throw error
    context.events.record(pod, { type: 'Warning', reason: 'FailedMount', message: error.message })
  }
}

/** The names of ConfigMaps or Secrets in the pod's volumes. */
function sourcesOf(pod: Pod, type: 'configMap' | 'secret'): (string | undefined)[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => [
    type === 'configMap' ? volume.configMap?.name : volume.secret?.secretName,
    ...projections(volume).map((source) => source[type]?.name),
  ])
}

function hasToken(pod: Pod): boolean {
  return (pod.spec.volumes ?? []).some((volume) =>
    projections(volume).some((source) => source.serviceAccountToken !== undefined),
  )
}

function showsMetadata(pod: Pod): boolean {
  return (pod.spec.volumes ?? []).some(
    (volume) => volume.downwardAPI ?? projections(volume).some((source) => source.downwardAPI),
  )
}

function metadataOf({ metadata: { labels, annotations } }: Pod): string {
  return JSON.stringify([labels, annotations])
}

function projections({ projected }: Volume) {
  return projected?.sources ?? []
}
