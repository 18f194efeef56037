/** A pod called web on a kubelet whose containers and time belong to the test: what tests of the kubelet do and ask. */
import { EVENTS, PODS, type KubernetesClient } from '#sandbox/client.ts'
import type { Clock } from '#sandbox/clock.ts'
import type { ContainerStatus, Pod } from '#sandbox/objects.ts'
import type { KubeletOptions } from '#sandbox/pods/kubelet.ts'
import type { ContainerRuntime } from '#sandbox/pods/runtime.ts'
import { until } from '#sandbox/until.ts'

const WEB = { name: 'web', namespace: 'default' }
const PATIENCE = { timeoutMs: 2_000, intervalMs: 2 }

/** See {@link onePod}. */
export interface OnePod {
  create(spec: Pod['spec']): Promise<void>
  read(): Promise<Pod>
  eventually(condition: (pod: Pod) => unknown): Promise<Pod>
  untilGone(): Promise<void>
  /** Type, reason and message of the events of the kubelet so far, in their order. */
  eventTexts(condition: (texts: string[]) => boolean): Promise<string[]>
}

/** The pod through the API; what is waited for too long is an error that shows what there is instead. */
export function onePod(client: KubernetesClient): OnePod {
  const read = () => client.get(PODS, WEB)
  return {
    read,
    async create(spec) {
      const bound = { ...spec, nodeName: 'sidecar-node' }
      await client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: WEB, spec: bound })
    },
    async eventually(condition) {
      const meets = async () => {
        const candidate = await read()
        return condition(candidate) ? candidate : undefined
      }
      const pod = await until(meets, PATIENCE)
      if (pod) return pod
      throw new Error(`never: ${JSON.stringify((await read()).status, null, 1)}`)
    },
    async untilGone() {
      const isGone = await until(async () => !(await client.find(PODS, WEB)), PATIENCE)
      if (!isGone) throw new Error(`still there: ${JSON.stringify((await read()).status, null, 1)}`)
    },
    async eventTexts(condition) {
      const told = async () => {
        const list = await kubeletEvents(client)
        return list.length > 0 && condition(list) ? list : undefined
      }
      const texts = await until(told, PATIENCE)
      if (texts) return texts
      throw new Error(`never: ${JSON.stringify(await kubeletEvents(client), null, 1)}`)
    },
  }
}

/** A kubelet that knows the image busybox. */
export function kubeletOptions(parts: {
  client: KubernetesClient
  runtime: ContainerRuntime
  clock: Clock
  folder: string
}): KubeletOptions {
  const { folder } = parts
  const env = { PATH: '/bin' }
  return {
    ...parts,
    nodeName: 'sidecar-node',
    hostIp: '10.244.0.1',
    version: 'v1.33.4',
    images: {
      names: () => ['busybox', 'nginx'],
      resolve: (reference) =>
        reference === 'busybox' || reference === 'busybox:2'
          ? { reference, id: 'sha', folder, entrypoint: ['entry'], cmd: ['cmd'], env, workingDir: '/' }
          : undefined,
    },
  }
}

/** A container of that image. */
export function main(name: string): { name: string; image: string } {
  return { name, image: 'busybox' }
}

/** The status of an init container or a main one. */
export function container(pod: Pod, name: string): ContainerStatus {
  const statuses = [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])]
  const none = { name, image: '', imageID: '', ready: false, restartCount: -1 }
  return statuses.find((status) => status.name === name) ?? none
}

/** Whether the pod counts as ready. */
export function isReady(pod: Pod): boolean {
  return pod.status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
}

async function kubeletEvents(client: KubernetesClient): Promise<string[]> {
  const { items } = await client.list(EVENTS)
  return items
    .filter(({ source }) => source?.component === 'kubelet')
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map(({ type, reason, message }) => `${type} ${reason} ${message}`)
}
