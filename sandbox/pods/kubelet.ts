/** The kubelet of the embedded cluster: an API client that keeps one worker for each pod of its node. */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { PODS, type KubernetesClient } from '../client.ts'
import { follow } from '../follow.ts'
import type { Pod } from '../objects.ts'
import { podFolder, type Images, type KubeletContext } from './container-start.ts'
import { createEventRecorder } from './events.ts'
import { startEviction } from './eviction.ts'
import { startNodeLease } from './node-lease.ts'
import { registerNode } from './node-object.ts'
import { createNodeStreams, type KubeletStreams } from './node-streams.ts'
import { PodWorker } from './pod-worker.ts'
import type { ContainerRuntime } from './runtime.ts'
import { startVolumeUpdates } from './volume-updates.ts'

/** What a kubelet needs. */
export interface KubeletOptions {
  client: KubernetesClient
  runtime: ContainerRuntime
  images: Images
  clock: Clock
  /** State of pods lies in `pods` under it; made when it does not exist. */
  folder: string
  nodeName: string
  /** The node's address, shown as hostIP. */
  hostIp: string
  /** `v1.33.4`, shown by `kubectl get nodes`. */
  version: string
}

/** A kubelet that runs; its streams are what the API server asks of a node. */
export interface Kubelet extends KubeletStreams {
  /** Stops following the API. Containers run on: whoever owns the runtime ends them. */
  stop(): Promise<void>
}

/**
 * Registers the node and takes up the pods bound to it; settles when the first list of pods has been
 * taken up. Pods whose status says that they run are treated as after a reboot.
 */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const context: KubeletContext = {
    ...options,
    events: createEventRecorder(options.client, options.clock, options.nodeName),
  }
  const workers = new Map<string, PodWorker>()

  function take(pod: Pod): void {
    const { uid } = pod.metadata
    const worker = workers.get(uid)
    if (worker) {
      const before = worker.pod
      worker.update(pod)
      if (worker.record.sandbox.is === 'ready') volumes.podChanged(before, pod)
    } else workers.set(uid, new PodWorker(context, pod, () => forget(uid)))
  }

  function forget(uid: string): void {
    workers.delete(uid)
    context.events.forget(uid)
  }

  await registerNode(context, context.version)
  const aborter = new AbortController()
  const { signal } = aborter
  startNodeLease(context, signal)
  const ready = () => [...workers.values()].filter(({ record }) => record.sandbox.is === 'ready')
  const volumes = await startVolumeUpdates(context, signal, () => ready().map(({ pod }) => pod))
  startEviction(context.clock, signal, () =>
    ready().map((worker) => ({
      pod: worker.pod,
      folder: podFolder(context.folder, worker.pod.metadata.uid),
      evict: (message) => worker.evict(message),
    })),
  )
  const fieldSelector = `spec.nodeName=${context.nodeName}`
  await follow({ ...context, signal }, PODS, { fieldSelector }, (pod, isGone) => {
    if (isGone) workers.get(pod.metadata.uid)?.gone()
    else take(pod)
  })
  await removeLeftovers(context.folder, (uid) => workers.has(uid))
  return {
    ...createNodeStreams(context, (uid) => workers.get(uid)),
    async stop() {
      aborter.abort()
      await context.events.flush()
    },
  }
}

/** What pods left behind that were removed while no kubelet ran. */
async function removeLeftovers(folder: string, isKnown: (uid: string) => boolean): Promise<void> {
  await mkdir(join(folder, 'pods'), { recursive: true })
  const left = (await readdir(join(folder, 'pods'))).filter((entry) => !isKnown(entry.split('_').at(-1)!))
  await Promise.all(left.map((entry) => rm(join(folder, 'pods', entry), { recursive: true, force: true })))
}
