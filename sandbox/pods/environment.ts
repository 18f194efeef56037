/** A container's environment, argv and working folder, worked out from its spec, its image and the API. */
import { ApiError, CONFIG_MAPS, type KubernetesClient, type Resource } from '../client.ts'
import { messageOf } from '../errors.ts'
import type { Container, KubeObject, Pod } from '../objects.ts'
import { metadataField, resourceField, type Allocatable } from './downward-api.ts'
import { containersOf } from './record.ts'
import { serviceEnvironment } from './service-environment.ts'

/** A Secret; `data` is in base64. */
export const SECRETS: Resource<KubeObject & { data?: Record<string, string> }> = {
  apiVersion: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
}

/** A container can't be created because something that it names is missing; the message is Kubernetes' own. */
export class ConfigError extends Error {}

/** What the environment may refer to, beyond the pod's spec. */
export interface EnvironmentContext {
  client: KubernetesClient
  podIp: string
  hostIp: string
  allocatable: Allocatable
}

type EnvVar = NonNullable<Container['env']>[number]
type Data = Record<string, string>

/**
 * The variables that a manifest gives a container: Services, envFrom, then env in its order, `$(NAME)` expanded:
 * https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 * Those of the image are not among them: they are not expanded. Throws ConfigError.
 */
export async function containerEnvironment(
  pod: Pod,
  container: Container,
  context: EnvironmentContext,
): Promise<Data> {
  const env = await serviceEnvironment(pod, context.client)
  for (const source of container.envFrom ?? []) {
    const reference = source.configMapRef ?? source.secretRef
    const data = await readText(pod, source.configMapRef ? 'configmap' : 'secret', reference, context.client)
    for (const [key, value] of Object.entries(data ?? {})) env[`${source.prefix ?? ''}${key}`] = value
  }
  for (const variable of container.env ?? []) {
    const value =
      variable.valueFrom && !variable.value
        ? await valueFrom(pod, container, variable.valueFrom, context)
        : expand(variable.value ?? '', env)
    if (value !== undefined) env[variable.name] = value
  }
  return env
}

/**
 * The full argv; `command` takes the place of the image's entrypoint and drops its cmd:
 * https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
 */
export function containerArgv(
  container: Container,
  image: { entrypoint: string[]; cmd: string[] },
  env: Data,
): string[] {
  const hasCommand = (container.command?.length ?? 0) > 0
  const hasArgs = (container.args?.length ?? 0) > 0
  const command = hasCommand ? container.command! : image.entrypoint
  const args = hasArgs ? container.args! : hasCommand ? [] : image.cmd
  const isOurs = (list: string[]) => list !== image.entrypoint && list !== image.cmd
  return [command, args].flatMap((list) => (isOurs(list) ? list.map((word) => expand(word, env)) : list))
}

/** Replaces each `$(NAME)` that `env` knows; `$$` stands for one dollar sign. */
export function expand(text: string, env: Data): string {
  return text.replaceAll(/\$\$|\$\(([^)]*)\)/g, (match, name: string | undefined) =>
    name === undefined ? '$' : (env[name] ?? match),
  )
}

/**
 * The data of a ConfigMap (`configmap`) or Secret by key; `undefined` for a missing optional one.
 * Throws ConfigError.
 */
export async function readData(
  pod: Pod,
  kind: 'configmap' | 'secret',
  reference: { name?: string; optional?: boolean } | undefined,
  client: KubernetesClient,
  part: 'all' | 'text' = 'all',
): Promise<Map<string, Buffer> | undefined> {
  const ref = { namespace: pod.metadata.namespace, name: reference?.name ?? '' }
  try {
    if (kind === 'secret') return entries((await client.get(SECRETS, ref)).data, 'base64')
    const { data, binaryData } = await client.get(CONFIG_MAPS, ref)
    return new Map([...entries(data, 'utf8'), ...entries(part === 'all' ? binaryData : {}, 'base64')])
  } catch (error) {
    if (!ApiError.isReason(error, 'NotFound')) throw error
    if (reference?.optional) return undefined
    throw new ConfigError(`${kind} "${ref.name}" not found`)
  }
}

/** Variables are text: the binaryData of a ConfigMap is not for them. */
async function readText(
  pod: Pod,
  kind: 'configmap' | 'secret',
  reference: { name?: string; optional?: boolean } | undefined,
  client: KubernetesClient,
): Promise<Data | undefined> {
  const data = await readData(pod, kind, reference, client, 'text')
  return data && Object.fromEntries([...data].map(([key, value]) => [key, value.toString()]))
}

function entries(data: Data | undefined, encoding: BufferEncoding): Map<string, Buffer> {
  return new Map(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, encoding)]))
}

async function valueFrom(
  pod: Pod,
  container: Container,
  source: NonNullable<EnvVar['valueFrom']>,
  context: EnvironmentContext,
): Promise<string | undefined> {
  if (source.fieldRef) return fieldOf(pod, source.fieldRef.fieldPath, context)
  if (source.resourceFieldRef) return resourceOf(pod, container, source.resourceFieldRef, context)
  const key = source.configMapKeyRef ?? source.secretKeyRef
  if (!key) throw new ConfigError('a variable has neither a value nor a source')
  const data = await readText(pod, source.configMapKeyRef ? 'configmap' : 'secret', key, context.client)
  const value = data?.[key.key]
  if (value !== undefined || key.optional) return value
  const kind = source.configMapKeyRef ? 'ConfigMap' : 'Secret'
  throw new ConfigError(`couldn't find key ${key.key} in ${kind} ${pod.metadata.namespace}/${key.name}`)
}

/** https://kubernetes.io/docs/concepts/workloads/pods/downward-api/#available-fields */
function fieldOf(pod: Pod, path: string, { podIp, hostIp }: EnvironmentContext): string {
  const { spec } = pod
  const fields: Record<string, string | undefined> = {
    'spec.nodeName': spec.nodeName,
    'spec.serviceAccountName': spec.serviceAccountName ?? 'default',
    'status.hostIP': hostIp,
    'status.hostIPs': hostIp,
    'status.podIP': podIp,
    'status.podIPs': podIp,
  }
  const value = metadataField(pod, path) ?? fields[path]
  if (value === undefined) throw new ConfigError(`unsupported fieldPath: ${path}`)
  return value
}

function resourceOf(
  pod: Pod,
  container: Container,
  selector: NonNullable<NonNullable<EnvVar['valueFrom']>['resourceFieldRef']>,
  { allocatable }: EnvironmentContext,
): string {
  const name = selector.containerName || container.name
  const target = name === container.name ? container : containersOf(pod).find((one) => one.name === name)
  if (!target) throw new ConfigError(`container ${name} not found`)
  try {
    return resourceField(target, selector, allocatable)
  } catch (error) {
    throw new ConfigError(messageOf(error))
  }
}
