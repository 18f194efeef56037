/** Reads the learner's own kubeconfig, never writes it, and cuts one context out of it. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { WorkshopError } from './errors.ts'
import { parseKubeconfig, type Kubeconfig } from './kubeconfig-file.ts'

/** The files that kubectl would read: those of $KUBECONFIG, else ~/.kube/config. */
export function learnersKubeconfigs(): string[] {
  const named = (process.env.KUBECONFIG ?? '').split(delimiter).filter(Boolean)
  return named.length > 0 ? named : [join(homedir(), '.kube', 'config')]
}

/**
 * One context (the current one unless named) with its cluster and user, certificates inlined; throws a WorkshopError
 * that lists the contexts. https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
export async function minifiedContext(
  name: string | undefined,
  paths = learnersKubeconfigs(),
): Promise<Kubeconfig> {
  const merged = await mergeFiles(paths.filter((path) => existsSync(path)))
  const wanted = name ?? merged['current-context']
  const context = merged.contexts.find((entry) => entry.name === wanted)
  const cluster = merged.clusters.find((entry) => entry.name === context?.context.cluster)
  if (!wanted || !context || !cluster) {
    const known = merged.contexts.map((entry) => `context:${entry.name}`).join(', ')
    const what = wanted ? `no context “${wanted}”` : 'no current context'
    throw new WorkshopError(
      `${paths.join(' and ')}: ${what}`,
      known ? `choose one of: ${known}` : 'there is none in it',
    )
  }
  const user = merged.users.find((entry) => entry.name === context.context.user)
  return {
    'current-context': wanted,
    contexts: [structuredClone(context)],
    clusters: [structuredClone(cluster)],
    users: user ? [structuredClone(user)] : [],
  }
}

type Merged = Required<Omit<Kubeconfig, 'current-context'>> & Pick<Kubeconfig, 'current-context'>

/** What comes first holds, as kubectl has it. */
async function mergeFiles(paths: readonly string[]): Promise<Merged> {
  const merged: Merged = { contexts: [], clusters: [], users: [] }
  for (const path of paths) {
    const config = await parseKubeconfig(path)
    merged['current-context'] ||= config['current-context']
    merged.contexts.push(...(config.contexts ?? []))
    for (const each of config.clusters ?? []) {
      merged.clusters.push({ ...each, cluster: await inlined(each.cluster, path, CLUSTER_FILES) })
    }
    for (const each of config.users ?? []) {
      const user = await inlined(each.user, path, USER_FILES)
      if (user.exec?.command.includes('/')) {
        user.exec = { ...user.exec, command: resolve(dirname(path), user.exec.command) }
      }
      merged.users.push({ ...each, user })
    }
  }
  return merged
}

const CLUSTER_FILES = ['certificate-authority']
const USER_FILES = ['client-certificate', 'client-key']

/** Files beside the kubeconfig would not be found from elsewhere. */
async function inlined<T extends Record<string, unknown>>(
  entry: T,
  path: string,
  fields: readonly string[],
): Promise<T> {
  const result: Record<string, unknown> = { ...entry }
  const beside = (name: unknown) => resolve(dirname(path), String(name))
  for (const field of fields) {
    const file = result[field]
    delete result[field]
    if (!file || result[`${field}-data`]) continue
    // One that is gone concerns this entry alone, which may not be the one that is wanted.
    const bytes = await readFile(beside(file)).catch(() => undefined)
    if (bytes) result[`${field}-data`] = bytes.toString('base64')
  }
  if (result.tokenFile) result.tokenFile = beside(result.tokenFile)
  return result as T
}
