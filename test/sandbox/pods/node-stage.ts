/** A whole node inside a node namespace: real API server, kubelet and containers, and one pod to play with. */
import { join } from 'node:path'
import { createApi } from '#sandbox/api/server.ts'
import { systemClock as clock } from '#sandbox/clock.ts'
import type { Pod } from '#sandbox/objects.ts'
import { imageNames, resolveImage } from '#sandbox/pods/images.ts'
import { startKubelet, type Kubelet } from '#sandbox/pods/kubelet.ts'
import { createLinuxRuntime } from '#sandbox/pods/linux/runtime.ts'
import { createStore, type Store } from '#sandbox/store.ts'
import { until } from '#sandbox/until.ts'
import { KubernetesClient, PODS } from '#sandbox/client.ts'

/** The pod of every scenario. */
export const WEB = { name: 'web', namespace: 'default' }

/** What a scenario has. */
export interface Stage {
  folder: string
  client: KubernetesClient
  store: Store
  kubelet: Kubelet
  create(spec: Pod['spec']): Promise<void>
  when(condition: (pod: Pod) => unknown): Promise<Pod>
}

/** Plays with a node that is stopped afterwards. */
export async function onStage<T>(folder: string, play: (stage: Stage) => Promise<T>): Promise<T> {
  const runtime = createLinuxRuntime({ folder: join(folder, 'runtime'), clock })
  await runtime.prepare()
  const store = createStore()
  const api = await createApi({ store, clock, node: () => kubelet })
  const client = new KubernetesClient(api.handle)
  const kubelet: Kubelet = await startKubelet({
    client,
    runtime,
    images: { resolve: resolveImage, names: imageNames },
    clock,
    folder,
    nodeName: 'sidecar-node',
    hostIp: '10.244.0.1',
    version: 'v1.33.4',
  })
  try {
    return await play({
      folder,
      client,
      store,
      kubelet,
      async create(spec) {
        const pod = {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: WEB,
          spec: { ...spec, nodeName: 'sidecar-node' },
        }
        await client.create(PODS, pod)
      },
      async when(condition) {
        const meets = async () => {
          const pod = await client.get(PODS, WEB)
          return condition(pod) ? pod : undefined
        }
        const pod = await until(meets, { timeoutMs: 10_000, intervalMs: 2 })
        if (pod) return pod
        throw new Error(`never: ${JSON.stringify(await client.get(PODS, WEB), null, 1)}`)
      },
    })
  } finally {
    await kubelet.stop()
    await runtime.stop()
  }
}
