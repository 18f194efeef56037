/** Starts one container: image, environment, mounts, argv, then the runtime; tells each step as an event. */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../clock.ts'
import type { KubernetesClient } from '../client.ts'
import { messageOf } from '../errors.ts'
import type { Container, Pod } from '../objects.ts'
import { quantityValue } from '../quantity.ts'
import { nextPullDelayMs } from './back-off.ts'
import { ConfigError, containerArgv, containerEnvironment } from './environment.ts'
import type { EventRecorder } from './events.ts'
import type { ResolvedImage } from './images.ts'
import { nodeResources } from './node-object.ts'
import type { EndedInstance, Failure } from './record.ts'
import {
  ContainerStartError,
  type ContainerRuntime,
  type PodIdentity,
  type RunningContainer,
} from './runtime.ts'
import { terminationMessageMount } from './termination-message.ts'
import { containerSecurity } from './security-context.ts'
import { containerMounts } from './volume-mounts.ts'

/** A config error is looked at again so often, as the kubelet's sync loop does. */
const CONFIG_RETRY_MS = 10_000

/** The images of this machine; there is no registry behind them. See images.ts. */
export interface Images {
  /** `undefined` for a reference that is not here. */
  resolve(reference: string): ResolvedImage | undefined
  /** All there is, for the message about one that is not. */
  names(): string[]
}

/** All that one kubelet works with. */
export interface KubeletContext {
  client: KubernetesClient
  runtime: ContainerRuntime
  images: Images
  clock: Clock
  events: EventRecorder
  nodeName: string
  hostIp: string
  /** `v1.33.4` */
  version: string
  /** Pod folders and logs lie in its `pods`. */
  folder: string
}

/** How a start went: it runs, it ran into a failure before there was a container, or the container failed to start. */
export type StartOutcome =
  | { running: RunningContainer; image: ResolvedImage }
  | { failure: Failure }
  | { ended: EndedInstance; image: ResolvedImage }

/** Which run of a container, and what it finds. */
export interface StartOptions {
  attempt: number
  podIp: string
  formerFailure?: Failure
  /** The id of a container of the pod that runs. */
  idOf(container: string): string | undefined
}

/** Starts run number `attempt`. Refusals of image, config and runtime are outcomes; nothing is thrown. */
export async function startContainer(
  context: KubeletContext,
  pod: Pod,
  container: Container,
  options: StartOptions,
): Promise<StartOutcome> {
  const { clock, images } = context
  const tell = (type: 'Normal' | 'Warning', reason: string, message: string) =>
    context.events.record(pod, { type, reason, message, container: container.name })
  const fail = (reason: string, message: string, delayMs: number): StartOutcome => {
    tell('Warning', 'Failed', reason.includes('Image') ? `Error: ${reason}` : `Error: ${message}`)
    return { failure: { reason, message, atMs: clock.now(), delayMs } }
  }
  const reference = container.image ?? ''
  try {
    const image = images.resolve(reference)
    if (!image) {
      const refusal = refuseImage(images, container)
      for (const event of refusal.events) tell(event.type, event.reason, event.message)
      return fail(refusal.reason, refusal.message, nextPullDelayMs(pullDelayOf(options.formerFailure)))
    }
    tell('Normal', 'Pulled', `Container image "${reference}" already present on machine`)
    const spec = await containerSpec(context, pod, container, image, options)
    try {
      const running = await context.runtime.startContainer(spec)
      tell('Normal', 'Created', `Created container: ${container.name}`)
      tell('Normal', 'Started', `Started container ${container.name}`)
      return { running, image }
    } catch (error) {
      if (!(error instanceof ContainerStartError) || error.reason.startsWith('Create')) throw error
      tell('Normal', 'Created', `Created container: ${container.name}`)
      tell('Warning', 'Failed', `Error: ${error.message}`)
      const { message } = error
      const ended = { exitCode: 128, reason: 'StartError', message, finishedAtMs: clock.now() }
      return { ended, image }
    }
  } catch (error) {
    return fail(failureReason(error), messageOf(error), CONFIG_RETRY_MS)
  }
}

/** Where the volumes of a pod lie. */
export function podFolder(folder: string, uid: string): string {
  return join(folder, 'pods', uid)
}

/** Where the logs of a pod lie, a folder for each container. */
export function podLogFolder(folder: string, { metadata: { namespace, name, uid } }: Pod): string {
  return join(folder, 'pods', `${namespace}_${name}_${uid}`)
}

/** The log of one run of a container. */
export function logPathOf(folder: string, pod: Pod, container: string, attempt: number): string {
  return join(podLogFolder(folder, pod), container, `${attempt}.log`)
}

/** The pod as the runtime knows it. */
export function identityOf({ metadata: { uid, namespace, name }, spec }: Pod): PodIdentity {
  return {
    uid,
    namespace,
    name,
    hostname: spec.hostname ?? name.slice(0, 63).replace(/[-.]+$/, ''),
    ...(spec.subdomain ? { domain: `${spec.subdomain}.${namespace}.svc.cluster.local` } : {}),
    isFullName: spec.setHostnameAsFQDN ?? false,
    hostAliases: (spec.hostAliases ?? []).flatMap(({ ip, hostnames }) => (ip ? [{ ip, hostnames }] : [])),
    dns: { policy: spec.dnsPolicy, ...spec.dnsConfig },
    sharesProcesses: spec.shareProcessNamespace ?? false,
  }
}

async function containerSpec(
  context: KubeletContext,
  pod: Pod,
  container: Container,
  image: ResolvedImage,
  { attempt, podIp, idOf }: StartOptions,
) {
  const { client, folder, hostIp } = context
  const identity = identityOf(pod)
  const logPath = logPathOf(folder, pod, container.name, attempt)
  const [env] = await Promise.all([
    containerEnvironment(pod, container, { client, podIp, hostIp, allocatable: nodeResources() }),
    keepPreviousLogOnly(logPath, attempt),
  ])
  const [mounts, message] = await Promise.all([
    containerMounts(pod, container, podFolder(folder, identity.uid), env),
    terminationMessageMount(podFolder(folder, identity.uid), container, attempt),
  ])
  const { cpu, memory } = container.resources?.limits ?? {}
  const argv = containerArgv(container, image, env)
  if (argv.length === 0) throw new ConfigError('no command specified')
  return {
    pod: identity,
    name: container.name,
    attempt,
    argv,
    env: { ...image.env, ...env },
    workingDir: container.workingDir || image.workingDir,
    mounts: [{ source: image.folder, mountPath: '/app', readOnly: true }, ...mounts, ...message],
    logPath,
    security: containerSecurity(pod, container),
    ...(container.stdin ? { stdin: container.stdinOnce ? ('once' as const) : ('open' as const) } : {}),
    tty: container.tty ?? false,
    ...targetOf(container, idOf),
    ...(memory ? { memoryLimitBytes: quantityValue(memory) } : {}),
    ...(cpu ? { cpuLimit: quantityValue(cpu) } : {}),
  }
}

/** An ephemeral container may look into one of the others. */
function targetOf(container: Container & { targetContainerName?: string }, idOf: StartOptions['idOf']) {
  const { targetContainerName } = container
  if (!targetContainerName) return {}
  const processesOf = idOf(targetContainerName)
  if (processesOf === undefined)
    throw new ConfigError(`unable to find target container ${targetContainerName}`)
  return { processesOf }
}

async function keepPreviousLogOnly(logPath: string, attempt: number): Promise<void> {
  const folder = dirname(logPath)
  await mkdir(folder, { recursive: true })
  const outdated = (await readdir(folder)).filter((file) => Number.parseInt(file, 10) < attempt - 1)
  await Promise.all(outdated.map((file) => rm(join(folder, file), { force: true })))
}

function refuseImage(images: Images, container: Container) {
  const name = container.image ?? ''
  if (container.imagePullPolicy === 'Never') {
    const message = `Container image "${name}" is not present with pull policy of Never`
    const event = { type: 'Warning', reason: 'ErrImageNeverPull', message } as const
    return { reason: 'ErrImageNeverPull', message, events: [event] }
  }
  const known = images.names().join(', ')
  const message = `the embedded cluster pulls from no registry and has no image "${name}"; it has: ${known}`
  const events = [
    { type: 'Normal', reason: 'Pulling', message: `Pulling image "${name}"` },
    { type: 'Warning', reason: 'Failed', message: `Failed to pull image "${name}": ${message}` },
  ] as const
  return { reason: 'ErrImagePull', message, events }
}

function failureReason(error: unknown): string {
  if (error instanceof ContainerStartError) return error.reason
  return error instanceof ConfigError ? 'CreateContainerConfigError' : 'CreateContainerError'
}

function pullDelayOf(failure: Failure | undefined): number | undefined {
  return failure?.reason.includes('Image') ? failure.delayMs : undefined
}
