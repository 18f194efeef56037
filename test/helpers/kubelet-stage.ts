/** A kubelet on a real API server for each test of a file, with containers that the test ends and a clock that it moves. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { createApi } from '#sandbox/api/server.ts'
import { KubernetesClient } from '#sandbox/client.ts'
import { startKubelet, type Kubelet } from '#sandbox/pods/kubelet.ts'
import { createStore } from '#sandbox/store.ts'
import { createFakeRuntime, type FakeRuntime } from './fake-runtime.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import { kubeletOptions, onePod, type OnePod } from './one-pod.ts'

/** What is there in each test; the fields are new each time. */
export interface KubeletStage {
  clock: ManualClock
  runtime: FakeRuntime
  client: KubernetesClient
  kubelet: Kubelet
  /** The pod called web. */
  web: OnePod
}

/** Sets the stage before each test of the file and clears it after. */
export function setKubeletStage(): KubeletStage {
  const stage = {} as KubeletStage
  let folder: string

  beforeEach(async () => {
    const clock = createManualClock(Date.UTC(2026, 10, 22, 15, 30))
    const runtime = createFakeRuntime(clock)
    folder = mkdtempSync(join(tmpdir(), 'kubelet-'))
    const api = await createApi({ store: createStore(), clock, node: () => stage.kubelet })
    const client = new KubernetesClient(api.handle)
    const kubelet = await startKubelet(kubeletOptions({ client, runtime, clock, folder }))
    Object.assign(stage, { clock, runtime, client, kubelet, web: onePod(client) })
  })

  afterEach(async () => {
    await stage.kubelet.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  return stage
}
