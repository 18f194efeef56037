/** The process that is fuzzed: API server, controllers and kubelet as in the engine, with containers that are played. */
import { serve } from '#sandbox/api/listen.ts'
import { createApi } from '#sandbox/api/server.ts'
import { KubernetesClient } from '#sandbox/client.ts'
import { systemClock as clock } from '#sandbox/clock.ts'
import { startControllers } from '#sandbox/controllers/start.ts'
import { ensureCredentials } from '#sandbox/embedded/credentials.ts'
import { type Kubelet, startKubelet } from '#sandbox/pods/kubelet.ts'
import { createStore } from '#sandbox/store.ts'
import { createFakeRuntime } from '../../../helpers/fake-runtime.ts'
import { kubeletOptions } from '../../../helpers/one-pod.ts'

/** What the process tells its parent: once how to reach it, then `Grown` for each message that it gets. */
export interface Ready {
  port: number
  certificate: string
  token: string
}

/** What must not change, however many requests came. */
export interface Grown {
  /** Names that every object has. */
  inherited: string[]
  /** Of what can be reached, rubbish left out. */
  heapBytes: number
}

const folder = process.argv[2]!
const store = createStore({ file: `${folder}/objects.sqlite` })
let kubelet: Kubelet | undefined
const api = await createApi({ store, clock, node: () => kubelet! })
const client = new KubernetesClient(api.handle)
const runtime = createFakeRuntime(clock)
// A class E address: probes of it, and what is sent to it, are refused by this machine itself.
const played = { ...runtime, createSandbox: () => Promise.resolve({ ip: '240.0.0.1' }) }
kubelet = await startKubelet(kubeletOptions({ client, runtime: played, clock, folder }))
await startControllers({ client, clock })
const credentials = await ensureCredentials(folder)
const { port } = await serve(api, { host: '127.0.0.1', port: 0, ...credentials })
const { certificate, token } = credentials
process.send!({ port, certificate, token } satisfies Ready)
process.on('message', () => {
  globalThis.gc!()
  const inherited = [...Object.getOwnPropertyNames(Object.prototype), ...Object.getOwnPropertyNames(Object)]
  process.send!({ inherited, heapBytes: process.memoryUsage().heapUsed } satisfies Grown)
})
// Nobody is left to fuzz it.
process.on('disconnect', () => process.exit())
