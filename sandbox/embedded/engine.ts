/** The embedded cluster's one process: store, API server, kubelet and controllers. Started by node-process.ts inside its namespaces. */
import { createReadStream } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { serve } from '../api/listen.ts'
import { createApi } from '../api/server.ts'
import { KUBERNETES_VERSION } from '../api/version.ts'
import { KubernetesClient } from '../client.ts'
import { systemClock as clock } from '../clock.ts'
import { startControllers } from '../controllers/start.ts'
import { imageNames, resolveImage } from '../pods/images.ts'
import { startKubelet, type Kubelet } from '../pods/kubelet.ts'
import { createLinuxRuntime } from '../pods/linux/runtime.ts'
import { createStore } from '../store.ts'
import type { Credentials } from './credentials.ts'

/** The listening socket of the API server, and the pipe with our credentials: see node-process.ts. */
const DESCRIPTORS = { socket: 3, credentials: 4 } as const

const folder = process.argv[2]!
const handedOver = text(createReadStream('', { fd: DESCRIPTORS.credentials }))
const runtime = createLinuxRuntime({ folder: join(folder, 'runtime'), clock })
const prepared = runtime.prepare()
const store = createStore({ file: join(folder, 'objects.sqlite') })
let kubelet: Kubelet | undefined
const api = await createApi({ store, clock, node: () => kubelet! })
const client = new KubernetesClient(api.handle)
await prepared
kubelet = await startKubelet({
  client,
  runtime,
  images: { resolve: resolveImage, names: imageNames },
  clock,
  folder,
  nodeName: 'sidecar-node',
  hostIp: '10.244.0.1',
  version: KUBERNETES_VERSION.gitVersion,
})
await startControllers({ client, clock })
// An empty answer means that whoever started us is gone, and nobody would know of us.
const credentials = await handedOver
if (credentials === '') process.exit(1)
const { certificate, key, token } = JSON.parse(credentials) as Credentials
await serve(api, { fd: DESCRIPTORS.socket, certificate, key, token })
// Written now, since an engine is killed rather than asked to exit.
flushCompileCache()
