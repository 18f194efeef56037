/** `npm run cluster`: brings a cluster up and down, and says how it is. */
import { parseArgs } from 'node:util'
import { rememberCluster } from '#sandbox/cluster-choice.ts'
import type { ClusterProvider } from '#sandbox/cluster.ts'
import { WorkshopError } from '#sandbox/errors.ts'
import { bringUp, CLUSTER_OPTIONS, openChosen, type ClusterOptions } from '../cluster-access.ts'
import { stages } from '../stages.ts'

export const summary = 'brings the cluster up or down, and says how it is'
export const usage = `npm run cluster up [-- --port N]   start it; it runs on in the background
npm run cluster up kind            start it on kind, where later commands go too; back: up embedded
npm run cluster up context:NAME [-- --namespace NS --registry HOST/PATH --yes]
                                   in a cluster of your own kubeconfig, in one namespace of it
npm run cluster stop               end every process of it; up brings its objects back
npm run cluster down               end every process of it and forget its objects
npm run cluster status             is it up, and where
npm run -s cluster kubeconfig      the path of its kubeconfig, as in
                                   KUBECONFIG=$(npm run -s cluster kubeconfig) kubectl get pods -A`

interface UpOptions extends ClusterOptions {
  port?: number
}

const ACTIONS: Record<string, (provider: ClusterProvider, options: UpOptions) => Promise<number>> = {
  up,
  stop,
  down,
  status,
  kubeconfig,
}

/** 0 when done; for `status`, 1 when the cluster is down. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...CLUSTER_OPTIONS, port: { type: 'string' } },
  })
  const [name = 'status', cluster = values.cluster, ...rest] = positionals
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
  if (!action || rest.length > 0) {
    throw new WorkshopError(`“cluster ${positionals.join(' ')}” is not a command`, usage)
  }
  const options = { ...values, cluster, port: parsePort(values.port) }
  return await action(await openChosen(options), options)
}

async function up(provider: ClusterProvider, options: UpOptions): Promise<number> {
  const { cluster, port } = options
  const before = await provider.info()
  if (before.running && port !== undefined && !before.server?.endsWith(`:${port}`)) {
    throw new WorkshopError(
      `the cluster runs already, at ${before.server}`,
      `npm run cluster down, then npm run cluster up -- --port ${port}`,
    )
  }
  await bringUp(provider, options)
  if (cluster !== undefined) await rememberCluster(provider.name)
  const { server } = await provider.info()
  console.log(`The cluster ${before.running ? 'is up already' : 'is up'} at ${server}.
It runs on in the background until: npm run cluster down`)
  return 0
}

async function stop(provider: ClusterProvider): Promise<number> {
  await provider.stop({ progress: stages(), keepState: true })
  return 0
}

async function down(provider: ClusterProvider): Promise<number> {
  await provider.stop({ progress: stages() })
  return 0
}

async function status(provider: ClusterProvider): Promise<number> {
  const { running, server, version, details } = await provider.info()
  const rows = { cluster: provider.name, running: running ? 'yes' : 'no', server, version, ...details }
  for (const [label, text] of Object.entries(rows)) {
    if (text !== undefined) console.log(`${label.padEnd(10)} ${text}`)
  }
  if (!running) console.log('\nStart it: npm run cluster up')
  return running ? 0 : 1
}

async function kubeconfig(provider: ClusterProvider): Promise<number> {
  console.log(await provider.kubeconfig())
  return 0
}

function parsePort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new WorkshopError(
    `--port ${text} is not a port`,
    'choose a number from 1024 to 65535, or leave --port out',
  )
}
