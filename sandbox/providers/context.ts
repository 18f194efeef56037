/** A cluster that is there already: a context of the learner's own kubeconfig, where the kit is a guest in one namespace. */
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { withClusterFolder } from '../cluster-folder.ts'
import type { ClusterInfo, ClusterProvider, GuestOptions } from '../cluster.ts'
import { EVENTS, PODS, type Resource } from '../client.ts'
import { kitImages, replacements } from '../containers/kit-images.ts'
import { WorkshopError } from '../errors.ts'
import { admitGuest, leaveNamespace } from '../guest.ts'
import { connect, readKubeconfig, type Connection } from '../kubeconfig.ts'
import { noteKitExtension, writeOwnKubeconfig } from '../kubeconfig-file.ts'
import { minifiedContext } from '../kubeconfig-minify.ts'
import { clusterFolder } from '../paths.ts'

const LOCK_TIMEOUT_MS = 60_000

/** The current context, whichever that is when it is started. See {@link ClusterProvider}. */
export const provider: ClusterProvider = createProvider('context', undefined)

/** The context of this name. */
export function providerFor(context: string): ClusterProvider {
  return createProvider(`context:${context}`, context)
}

function createProvider(name: string, context: string | undefined): ClusterProvider {
  // Names of contexts hold slashes and colons.
  const folderName = encodeURIComponent(name)
  const path = () => join(clusterFolder(folderName), 'kubeconfig')
  const isSetUp = () => existsSync(path())
  return {
    name,

    async isAvailable() {
      try {
        await minifiedContext(context)
        return undefined
      } catch (error) {
        if (error instanceof WorkshopError) return error
        throw error
      }
    },

    async start({ progress, guest = {} }) {
      await withClusterFolder(folderName, LOCK_TIMEOUT_MS, async () => {
        const before = isSetUp() ? await readKubeconfig(path()) : undefined
        const settings = await settle(guest, before)
        const config = await minifiedContext(context)
        const draft = `${path()}.draft`
        const entry = config.contexts![0]!.context
        entry.namespace = settings.namespace
        const images = settings.registry ? replacements(await kitImages(), settings.registry) : {}
        noteKitExtension(entry, { isGuest: true, registry: settings.registry, images })
        await writeOwnKubeconfig(draft, config)
        try {
          const connection = await readKubeconfig(draft)
          const isKnown = before?.server === connection.server && before.namespace === connection.namespace
          await admitGuest(connection, { isKnown, confirm: guest.confirm })
          const stage = progress.stage(`Setting up namespace ${connection.namespace} at ${connection.server}`)
          await writeOwnKubeconfig(path(), config)
          stage.done(settings.registry ? `images from ${settings.registry}` : NO_REGISTRY)
        } finally {
          await rm(draft, { force: true })
        }
      })
    },

    async stop({ progress, keepState = false }) {
      if (keepState || !isSetUp()) return
      await withClusterFolder(folderName, LOCK_TIMEOUT_MS, async (folder) => {
        const connection = await readKubeconfig(path())
        const stage = progress.stage(`Leaving namespace ${connection.namespace}`)
        try {
          await leaveNamespace(connection)
          await rm(folder, { recursive: true, force: true })
          stage.done()
        } catch (error) {
          stage.failed()
          throw error
        }
      })
    },

    async kubeconfig() {
      if (isSetUp()) return path()
      throw new WorkshopError(`nothing is set up in ${name}`, `npm run cluster up ${name}`)
    },

    // They are in the registry that the learner named: npm run images push.
    async loadImages() {},

    async collectLogs(folder) {
      const connection = await readKubeconfig(await this.kubeconfig())
      const [client, { namespace }] = [connect(connection), connection]
      await mkdir(folder, { recursive: true })
      const kinds: Resource[] = [PODS, EVENTS]
      for (const resource of kinds) {
        const { items } = await client.list(resource, { namespace })
        await writeFile(join(folder, `${resource.plural}.json`), JSON.stringify(items, undefined, 2))
      }
    },

    async info(): Promise<ClusterInfo> {
      const state = clusterFolder(folderName)
      if (!isSetUp()) return { running: false, details: { state } }
      return await describe(await readKubeconfig(path()), state)
    },
  }
}

/** What was typed now, else what holds already. */
async function settle(
  { namespace, registry }: GuestOptions,
  before: Connection | undefined,
): Promise<{ namespace: string; registry?: string }> {
  return {
    namespace: namespace ?? before?.namespace ?? `sidecar-${learnerName()}`,
    registry: registry ?? before?.registry,
  }
}

async function describe(connection: Connection, state: string): Promise<ClusterInfo> {
  const client = connect(connection)
  const { namespace, registry, server } = connection
  try {
    const { gitVersion } = await client.json<{ gitVersion: string }>('GET', '/version')
    const { items } = await client.list(PODS, { namespace })
    const details = { namespace, pods: String(items.length), images: registry ?? NO_REGISTRY, state }
    return { running: true, server, version: gitVersion, details }
  } catch (error) {
    if (!(error instanceof WorkshopError)) throw error
    return { running: false, server, details: { namespace, why: error.message, state } }
  }
}

/** As far as it is fit for the name of a namespace. */
function learnerName(): string {
  const name = userInfo()
    .username.toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
  return name.replaceAll(/^-+|-+$/g, '').slice(0, 40) || 'learner'
}

const NO_REGISTRY = 'images by the names in the manifests; elsewhere: --registry HOST/PATH'
