/** Being a guest in somebody's cluster: leave to enter, a namespace to stay in, and nothing left behind. */
import { ApiError, NAMESPACES, PODS, type KubernetesClient } from './client.ts'
import { WorkshopError } from './errors.ts'
import { connect, type Connection } from './kubeconfig.ts'
import { DIGEST, remove, removeOwnObjects } from './own-objects.ts'

/** How to be admitted: whether that was done before, and whom to ask. */
export interface AdmitOptions {
  isKnown: boolean
  confirm?(question: string): Promise<boolean>
}

/**
 * Asks, once, before anything is written to a cluster that is not on this machine, and makes the namespace unless it is
 * there. Throws a WorkshopError where the learner or the cluster does not allow it.
 */
export async function admitGuest(connection: Connection, { isKnown, confirm }: AdmitOptions): Promise<void> {
  const { server, namespace } = connection
  if (/^(default|kube-.*)$/.test(namespace)) {
    throw new WorkshopError(
      `namespace ${namespace} is not for lessons: they replace and remove what is in theirs`,
      'give the workshop one of its own: --namespace sidecar-workshop',
    )
  }
  if (!isKnown && !isLocal(server))
    await ask(`${server} is not on this machine. Work there, in namespace ${namespace}?`, confirm)
  const client = connect({ ...connection, isGuest: false })
  const isThere = await hasPlace(client, namespace)
  if (!isKnown && isThere) await expectFree(client, namespace)
  if (!isThere) await makePlace(client, namespace)
}

/** Removes what the kit brought; the namespace too, where the kit has made it. */
export async function leaveNamespace(connection: Connection): Promise<void> {
  const client = connect({ ...connection, isGuest: false })
  const { namespace: name } = connection
  const namespace = await client.find(NAMESPACES, { name }).catch(undefinedIfForbidden)
  if (namespace?.metadata.annotations?.[MADE_FOR_GUEST] === undefined)
    return await removeOwnObjects(client, name)
  await remove(client, NAMESPACES, { name })
}

/** Whether the server's address means this machine, and no other one. */
export function isLocal(server: string): boolean {
  const { hostname } = new URL(server)
  return /^(localhost|127(\.\d+){3}|\[::1\]|(host|kubernetes)\.docker\.internal)$/.test(hostname)
}

/** Many may look at their pods, but not at the namespace itself: that says that it is there. */
async function hasPlace(client: KubernetesClient, name: string): Promise<boolean> {
  try {
    return (await client.find(NAMESPACES, { name })) !== undefined
  } catch (error) {
    if (!ApiError.isReason(error, 'Forbidden')) throw error
    return true
  }
}

async function expectFree(client: KubernetesClient, namespace: string): Promise<void> {
  const { items } = await client.list(PODS, { namespace }).catch((error: unknown) => {
    throw refused(error, `you may not see the pods of namespace ${namespace}`)
  })
  const others = items.filter(({ metadata }) => metadata.annotations?.[DIGEST] === undefined)
  if (others.length === 0) return
  const names = others.map(({ metadata }) => metadata.name).join(', ')
  throw new WorkshopError(
    `namespace ${namespace} holds pods that are not the workshop's: ${names}`,
    'a lesson could replace them: give it a namespace without, --namespace NS',
  )
}

async function makePlace(client: KubernetesClient, name: string): Promise<void> {
  const metadata = { name, annotations: { [MADE_FOR_GUEST]: '' } }
  try {
    await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata })
  } catch (error) {
    throw refused(error, `you may not make namespace ${name}`)
  }
}

async function ask(question: string, confirm?: (question: string) => Promise<boolean>): Promise<void> {
  if (!confirm) {
    throw new WorkshopError(`${question} Nobody is here to say so.`, 'add --yes to say it now')
  }
  if (!(await confirm(question)))
    throw new WorkshopError('nothing was changed there', 'go on here: --cluster embedded')
}

/** Kubernetes' own words, and whom to turn to. */
function refused(error: unknown, what: string): unknown {
  if (!ApiError.isReason(error, 'Forbidden')) return error
  const hint = 'name one that is yours: --namespace NS; or ask whoever runs the cluster for one'
  return new WorkshopError(`${what}: ${error.message}`, hint, { cause: error })
}

function undefinedIfForbidden(error: unknown): undefined {
  if (!ApiError.isReason(error, 'Forbidden')) throw error
}

/** On a namespace: made for the kit's stay, and removed at its end. */
const MADE_FOR_GUEST = 'sidecar-workshop/guest'
