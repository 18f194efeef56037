/** A container's environment, argv and working folder, worked out from its spec, its image and the API. */
import { ApiError, CONFIG_MAPS, type KubernetesClient, type Resource } from '../client.ts'
import type { Container, KubeObject, Pod } from '../objects.ts'

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
}

type EnvVar = NonNullable<Container['env']>[number]
type Data = Record<string, string>

/**
 * The variables of a container: those of the image, envFrom, then env in its order, `$(NAME)` expanded:
 * https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 * Throws ConfigError.
 */
export async function containerEnvironment(
  pod: Pod,
  container: Container,
  imageEnv: Data,
  context: EnvironmentContext,
): Promise<Data> {
  const env: Data = {}
  for (const source of container.envFrom ?? []) {
    const reference = source.configMapRef ?? source.secretRef
    const data = await readData(pod, source.configMapRef ? 'configmap' : 'secret', reference, context.client)
    for (const [key, value] of data ?? []) env[`${source.prefix ?? ''}${key}`] = value.toString()
  }
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? await valueFrom(pod, variable.valueFrom, context)
      : expand(variable.value ?? '', env)
    if (value !== undefined) env[variable.name] = value
  }
  return { ...imageEnv, ...env }
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
): Promise<Map<string, Buffer> | undefined> {
  const ref = { namespace: pod.metadata.namespace, name: reference?.name ?? '' }
  try {
    if (kind === 'secret') return entries((await client.get(SECRETS, ref)).data, 'base64')
    const { data, binaryData } = await client.get(CONFIG_MAPS, ref)
    return new Map([...entries(data, 'utf8'), ...entries(binaryData, 'base64')])
  } catch (error) {
    if (!ApiError.isReason(error, 'NotFound')) throw error
    if (reference?.optional) return undefined
    throw new ConfigError(`${kind} "${ref.name}" not found`)
  }
}

function entries(data: Data | undefined, encoding: BufferEncoding): Map<string, Buffer> {
  return new Map(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, encoding)]))
}

async function valueFrom(
  pod: Pod,
  source: NonNullable<EnvVar['valueFrom']>,
  context: EnvironmentContext,
): Promise<string | undefined> {
  if (source.fieldRef) return fieldOf(pod, source.fieldRef.fieldPath, context)
  const key = source.configMapKeyRef ?? source.secretKeyRef
  if (!key) throw new ConfigError('the embedded cluster does not serve resourceFieldRef')
  const data = await readData(pod, source.configMapKeyRef ? 'configmap' : 'secret', key, context.client)
  const value = data?.get(key.key)?.toString()
  if (value !== undefined || key.optional) return value
  const kind = source.configMapKeyRef ? 'ConfigMap' : 'Secret'
  throw new ConfigError(`couldn't find key ${key.key} in ${kind} ${pod.metadata.namespace}/${key.name}`)
}

/** https://kubernetes.io/docs/concepts/workloads/pods/downward-api/#available-fields */
function fieldOf(pod: Pod, path: string, { podIp, hostIp }: EnvironmentContext): string {
  const { metadata, spec } = pod
  const entry = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path)
  if (entry) return metadata[entry[1] as 'labels' | 'annotations']?.[entry[2]!] ?? ''
  const fields: Record<string, string | undefined> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'spec.nodeName': spec.nodeName,
    'spec.serviceAccountName': spec.serviceAccountName ?? 'default',
    'status.hostIP': hostIp,
    'status.hostIPs': hostIp,
    'status.podIP': podIp,
    'status.podIPs': podIp,
  }
  const value = fields[path]
  if (value === undefined) throw new ConfigError(`unsupported fieldPath: ${path}`)
  return value
}
