/** The cluster and the namespace that a command line is about, and the kinds that the cluster serves. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { KubernetesClient, Resource } from '#sandbox/client.ts'
import { connect, readKubeconfig, type Connection } from '#sandbox/kubeconfig.ts'
import { UsageError, type Flags } from './flags.ts'

/** Where a command works. */
export interface Session {
  client: KubernetesClient
  connection: Connection
  namespace: string
  /** The kind that is called so: pods, pod, po, deployment.apps. Throws a UsageError as kubectl words it. */
  kind(name: string): Promise<Kind>
  /** The kind of a manifest; `undefined` when the cluster does not serve it. */
  kindOf(apiVersion: string, kind: string): Promise<Kind | undefined>
}

/** A kind as discovery tells it. */
export interface Kind extends Resource {
  /** `deployment.apps`, `pod`: as it stands in `pod/web`. */
  singular: string
  /** `deployments.apps`, `pods`: as it stands in messages. */
  qualified: string
  shortNames: string[]
}

/** Reads the kubeconfig that the flags, $KUBECONFIG or the home folder name. */
export async function openSession(flags: Flags): Promise<Session> {
  const named = (process.env.KUBECONFIG ?? '').split(delimiter)
  const present = named.find((path) => path && existsSync(path))
  const path = flags.get('kubeconfig') ?? present ?? join(homedir(), '.kube', 'config')
  const connection = await readKubeconfig(path, flags.get('context'))
  const client = connect(connection)
  const known = new Map<string, Promise<Kind[]>>()
  const served = (apiVersion: string) => {
    const asked = known.get(apiVersion) ?? discover(client, apiVersion)
    known.set(apiVersion, asked)
    return asked
  }
  return {
    client,
    connection,
    namespace: flags.get('namespace') ?? connection.namespace,
    async kind(name) {
      const isIt = (kind: Kind) => namesOf(kind).includes(name.toLowerCase())
      // Most that is asked for is of the first group, and one question is enough.
      const core = (await served('v1')).find(isIt)
      if (core) return core
      for (const version of await groupVersions(client)) {
        const found = (await served(version)).find(isIt)
        if (found) return found
      }
      throw new UsageError(`the server doesn't have a resource type "${name}"`)
    },
    kindOf: async (apiVersion, kind) => (await served(apiVersion)).find((each) => each.kind === kind),
  }
}

function namesOf({ kind, plural, singular, qualified, shortNames }: Kind): string[] {
  return [plural, qualified, singular, kind.toLowerCase(), ...shortNames]
}

interface Group {
  preferredVersion: { groupVersion: string }
}

async function groupVersions(client: KubernetesClient): Promise<string[]> {
  const { groups } = await client.json<{ groups: Group[] }>('GET', '/apis')
  return groups.map(({ preferredVersion }) => preferredVersion.groupVersion)
}

interface Served {
  name: string
  kind: string
  namespaced: boolean
  singularName?: string
  shortNames?: string[]
}

/** https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api */
async function discover(client: KubernetesClient, apiVersion: string): Promise<Kind[]> {
  const [group, version] = apiVersion.split('/')
  const path = version ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const { resources } = await client.json<{ resources: Served[] }>('GET', path)
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, kind, namespaced, singularName, shortNames = [] }) => {
      const behind = version ? `.${group}` : ''
      const singular = `${singularName || kind.toLowerCase()}${behind}`
      return {
        apiVersion,
        kind,
        plural: name,
        namespaced,
        singular,
        qualified: `${name}${behind}`,
        shortNames,
      }
    })
}
