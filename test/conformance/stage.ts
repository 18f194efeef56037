/** What a requirement holds in its hands: a namespace of its own on any cluster, and ways to look at it. */
import { NAMESPACES, PODS, type KubernetesClient, type Resource, objectPath } from '#sandbox/client.ts'
import { runCommand } from '#sandbox/command.ts'
import { execInPod } from '#sandbox/exec.ts'
import { connect, readKubeconfig } from '#sandbox/kubeconfig.ts'
import type { Container, ContainerStatus, KubeObject, Pod, PodSpec } from '#sandbox/objects.ts'
import { until } from '#sandbox/until.ts'
import { SERVICE_ACCOUNTS } from './resources.ts'

/** Long enough for a node that has to pull its images. */
const PATIENCE_MS = 60_000
/** Longer than any `kubectl wait` of the suite. */
const KUBECTL_TIMEOUT_MS = 110_000

/** One namespace of the cluster under test. */
export interface Stage {
  namespace: string
  client: KubernetesClient
  /** Creates an object in the namespace; `fields` is all but its apiVersion, kind and metadata. */
  create<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    fields: object,
    metadata?: object,
  ): Promise<T>
  /** Creates a pod that gets no longer than a second to end, unless its spec says so. */
  createPod(name: string, spec: PodSpec, metadata?: object): Promise<Pod>
  /** Waits until the pod is as wanted; throws with its status at the deadline. */
  untilPod(name: string, isWanted: (pod: Pod) => unknown): Promise<Pod>
  /** Waits for an answer that is truthy; an error counts as none until the deadline, then it is thrown. */
  eventually<T>(ask: () => Promise<T>): Promise<NonNullable<T>>
  /** Both outputs of kubectl in the namespace, whatever its exit code. */
  kubectl(args: string[], input?: string): Promise<string>
  /** What a command in a container prints; throws unless it succeeds. */
  exec(pod: string, container: string, ...argv: string[]): Promise<string>
  /** The log of a container from its start to its end, which is waited for. */
  followLog(pod: string, container: string): Promise<string>
  /** Asks for the end of the namespace, and does not wait for it. */
  close(): Promise<void>
}

/**
 * Makes the stages of one cluster, each in a new namespace. `limit` answers the kubeconfig of somebody who may do nothing
 * outside that namespace; without it all is done as the one who made it.
 */
export async function createStages(
  owner: string,
  limit?: (namespace: string) => Promise<string>,
): Promise<() => Promise<Stage>> {
  const ownerClient = connect(await readKubeconfig(owner))
  return async () => {
    const metadata = { generateName: 'conformance-' }
    const made = await ownerClient.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata })
    const namespace = made.metadata.name
    // A controller makes it, and pods are refused without.
    await eventually(() => ownerClient.find(SERVICE_ACCOUNTS, { namespace, name: 'default' }))
    const kubeconfig = limit ? await limit(namespace) : owner
    const connection = await readKubeconfig(kubeconfig)
    const client = limit ? connect(connection) : ownerClient
    const create: Stage['create'] = (resource, name, fields, more = {}) =>
      client.create(resource, {
        apiVersion: resource.apiVersion,
        kind: resource.kind,
        metadata: { name, ...(resource.namespaced && { namespace }), ...more },
        ...fields,
      })
    return {
      namespace,
      client,
      create,
      createPod: (name, spec, more) =>
        create(PODS, name, { spec: { terminationGracePeriodSeconds: 1, ...spec } }, more),
      async untilPod(name, isWanted) {
        let seen: Pod | undefined
        const wanted = async () => {
          seen = await client.get(PODS, { namespace, name })
          return isWanted(seen) ? seen : undefined
        }
        const pod = await until(wanted, { timeoutMs: PATIENCE_MS, intervalMs: 50 })
        if (!pod) throw new Error(`pod ${name} stays ${JSON.stringify(seen?.status, null, 1)}`)
        return pod
      },
      eventually,
      async kubectl(args, input) {
        const { stdout, stderr } = await runCommand('kubectl', ['-n', namespace, ...args], {
          env: { KUBECONFIG: kubeconfig },
          input,
          timeoutMs: KUBECTL_TIMEOUT_MS,
        })
        return [stdout, stderr].filter(Boolean).join('\n')
      },
      async exec(pod, container, ...argv) {
        const { exitCode, stdout, stderr } = await execInPod(
          connection,
          { namespace, name: pod },
          { container, argv },
        )
        if (exitCode !== 0) throw new Error(`${argv.join(' ')} ended with ${exitCode}: ${stderr}`)
        return stdout.trim()
      },
      async followLog(pod, container) {
        const path = objectPath(PODS, { namespace, name: pod }, 'log')
        return (await client.raw('GET', `${path}?follow=true&container=${container}`)).text()
      },
      async close() {
        if (await ownerClient.find(NAMESPACES, { name: namespace }))
          await ownerClient.delete(NAMESPACES, { name: namespace })
      },
    }
  }
}

async function eventually<T>(ask: () => Promise<T>): Promise<NonNullable<T>> {
  let failure: unknown = new Error('it never came about')
  const attempt = async () => {
    try {
      return await ask()
    } catch (error) {
      failure = error
      return undefined
    }
  }
  const answer = await until(attempt, { timeoutMs: PATIENCE_MS, intervalMs: 50 })
  if (answer === undefined) throw failure
  return answer as NonNullable<T>
}

/** A container of busybox that runs a script. */
export function shell(name: string, script: string, more: Partial<Container> = {}): Container {
  return { name, image: 'busybox', command: ['sh', '-c', script], ...more }
}

/** A container of Node that runs a script. */
export function node(name: string, script: string, more: Partial<Container> = {}): Container {
  return { name, image: 'node:24', command: ['node', '-e', script], ...more }
}

/** A script for {@link shell} that runs until it is told to end, and ends at once. */
export const UNTIL_TOLD = "trap 'exit 0' TERM; while :; do sleep 0.1; done"

/** A script for {@link node}: a web server on port 8080 that says the pod's name. */
export const WEB_SERVER = `process.on('SIGTERM', () => process.exit())
require('http').createServer((_, response) => response.end(require('os').hostname())).listen(8080)`

/** The status of a container of any kind; one that tells nothing where there is none yet. */
export function statusOf({ status }: Pod, name: string): ContainerStatus {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = status
  const all = [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses]
  const found = all.find((container) => container.name === name)
  return found ?? { name, image: '', imageID: '', ready: false, restartCount: 0 }
}

/** Whether the pod counts as ready. */
export function isReady({ status }: Pod): boolean {
  return status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
}

/** Whether all has ended, well or not. */
export function hasEnded({ status }: Pod): boolean {
  return status.phase === 'Succeeded' || status.phase === 'Failed'
}
