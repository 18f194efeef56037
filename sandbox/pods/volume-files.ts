/** What volumes that come from the API hold: configMap, secret, downwardAPI and projected. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import type { KubernetesClient } from '../client.ts'
import type { Pod, Volume } from '../objects.ts'
import type { Files } from './atomic-writer.ts'
import { metadataField, resourceField } from './downward-api.ts'
import { ConfigError, readData } from './environment.ts'
import { nodeResources } from './node-object.ts'
import { containersOf } from './record.ts'
import { serviceAccountToken, type TokenProjection } from './service-account-token.ts'

/** What is needed to know what a volume holds. */
export interface FilesContext {
  client: KubernetesClient
  clock: Clock
}

type Projected = NonNullable<NonNullable<Volume['projected']>['sources']>[number]
type DownwardItems = NonNullable<NonNullable<Volume['downwardAPI']>['items']>

interface Items {
  items?: { key: string; path: string; mode?: number }[]
  optional?: boolean
}

/** The files of a volume whose present ones lie in `folder`; `undefined` for a type that is not made of files. */
export async function volumeFiles(
  pod: Pod,
  volume: Volume,
  folder: string,
  context: FilesContext,
): Promise<Files | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume
  if (configMap)
    return await dataFiles(pod, 'configmap', configMap.name, configMap, context, configMap.defaultMode)
  if (secret) return await dataFiles(pod, 'secret', secret.secretName, secret, context, secret.defaultMode)
  if (downwardAPI) return downwardFiles(pod, downwardAPI.items ?? [], downwardAPI.defaultMode)
  if (!projected) return undefined
  const files: Files = new Map()
  for (const source of projected.sources ?? []) {
    for (const [path, file] of await sourceFiles(pod, source, folder, context, projected.defaultMode)) {
      files.set(path, file)
    }
  }
  return files
}

async function sourceFiles(
  pod: Pod,
  source: Projected,
  folder: string,
  context: FilesContext,
  mode: number | undefined,
): Promise<Files> {
  const { configMap, secret, downwardAPI, serviceAccountToken: token } = source
  if (configMap) return await dataFiles(pod, 'configmap', configMap.name, configMap, context, mode)
  if (secret) return await dataFiles(pod, 'secret', secret.name, secret, context, mode)
  if (downwardAPI) return downwardFiles(pod, downwardAPI.items ?? [], mode)
  if (token) return await tokenFiles(pod, token, folder, context, mode)
  const type = Object.keys(source)[0] ?? 'no type'
  throw new ConfigError(`the embedded cluster does not project sources of type ${type}`)
}

async function dataFiles(
  pod: Pod,
  kind: 'configmap' | 'secret',
  name: string | undefined,
  { items, optional = false }: Items,
  { client }: FilesContext,
  defaultMode = 0o644,
): Promise<Files> {
  const data = (await readData(pod, kind, { name, optional }, client)) ?? new Map<string, Buffer>()
  if (!items) return new Map([...data].map(([key, content]) => [key, { content, mode: defaultMode }]))
  const files: Files = new Map()
  for (const { key, path, mode = defaultMode } of items) {
    const content = data.get(key)
    if (content) files.set(path, { content, mode })
    else if (!optional) {
      const what =
        kind === 'secret' ? 'references non-existent secret' : 'configmap references non-existent config'
      throw new ConfigError(`${what} key: ${key}`)
    }
  }
  return files
}

function downwardFiles(pod: Pod, items: DownwardItems, defaultMode = 0o644): Files {
  return new Map(
    items.map(({ path, fieldRef, resourceFieldRef, mode = defaultMode }) => {
      const text = fieldRef ? metadataField(pod, fieldRef.fieldPath) : resourceOf(pod, resourceFieldRef)
      if (text === undefined) throw new ConfigError(`unsupported fieldPath: ${fieldRef?.fieldPath}`)
      return [path, { content: Buffer.from(text), mode }]
    }),
  )
}

function resourceOf(pod: Pod, selector: DownwardItems[number]['resourceFieldRef']): string | undefined {
  if (!selector) return undefined
  const container = containersOf(pod).find(({ name }) => name === selector.containerName)
  if (!container) throw new ConfigError(`container ${selector.containerName} not found`)
  return resourceField(container, selector, nodeResources())
}

/** Its owner alone reads it where the pod names one: the user that all containers run as. */
async function tokenFiles(
  pod: Pod,
  projection: TokenProjection & { path: string },
  folder: string,
  context: FilesContext,
  defaultMode = 0o644,
): Promise<Files> {
  const present = await readFile(join(folder, '..data', projection.path), 'utf8').catch(() => undefined)
  const content = Buffer.from(await serviceAccountToken(pod, projection, present, context))
  const user = commonUser(pod)
  const isPrivate = user !== undefined || pod.spec.securityContext?.fsGroup !== undefined
  const mode = isPrivate ? 0o600 : defaultMode
  return new Map([[projection.path, { content, mode, ...(user === undefined ? {} : { user }) }]])
}

function commonUser(pod: Pod): number | undefined {
  const ofPod = pod.spec.securityContext?.runAsUser
  const users = new Set(containersOf(pod).map((one) => one.securityContext?.runAsUser ?? ofPod))
  return users.size === 1 ? [...users][0] : undefined
}
