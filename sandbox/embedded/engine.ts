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
import { startNetwork } from '../network/start.ts'
import { imageNames, resolveImage } from '../pods/images.ts'
import { startKubelet, type Kubelet } from '../pods/kubelet.ts'
import { nameServer } from '../pods/linux/network.ts'
import { createLinuxRuntime } from '../pods/linux/runtime.ts'
import { createStore } from '../store.ts'
import type { Credentials } from './credentials.ts'

/** The listening socket of the API server, and the pipe with our credentials: see node-process.ts. */
const DESCRIPTORS = { socket: 3, credentials: 4 } as const

/** The node's address as pods see it. */
const hostIp = '10.244.0.1'

const folder = process.argv[2]!
// An empty text means that whoever started us is gone, and nobody would know of us.
const handedOver = text(createReadStream('', { fd: DESCRIPTORS.credentials })).then((json) =>
  json === '' ? process.exit(1) : (JSON.parse(json) as Credentials),
)
const runtime = createLinuxRuntime({ folder: join(folder, 'runtime'), clock })
const prepared = runtime.prepare()
const store = createStore({ file: join(folder, 'objects.sqlite') })
let kubelet: Kubelet | undefined
const api = await createApi({
  store,
  clock,
  node: () => kubelet!,
  signingKey: handedOver.then(({ key }) => key),
})
const client = new KubernetesClient(api.handle)
await prepared
// Pods that start again look names up at once.
await startNetwork({ client, clock, dnsAddress: nameServer })
kubelet = await startKubelet({
  client,
  runtime,
  images: { resolve: resolveImage, names: imageNames },
  clock,
  folder,
  nodeName: 'sidecar-node',
  hostIp,
  version: KUBERNETES_VERSION.gitVersion,
})
const rootCertificate = handedOver.then(({ certificate }) => certificate)
await startControllers({ client, clock, rootCertificate })
const credentials = await handedOver
await serve(api, { host: hostIp, port: 6443, ...credentials })
await serve(api, { fd: DESCRIPTORS.socket, ...credentials })
// Written now, since an engine is killed rather than asked to exit.
flushCompileCache()
