/** The Node object of the one machine: https://kubernetes.io/docs/reference/node/node-status/ */
import { readFile } from 'node:fs/promises'
import { arch, availableParallelism, release, totalmem } from 'node:os'
import { timestamp } from '../clock.ts'
import { ApiError, NODES } from '../client.ts'
import type { KubeletContext } from './container-start.ts'

/** For whoever asks `kubectl describe node` why a limit does nothing. */
const limits = (areCpuLimitsEnforced: boolean) => ({
  'sidecar-workshop/cpu-limits': areCpuLimitsEnforced ? 'enforced by the kernel' : 'shown but not enforced',
  'sidecar-workshop/memory-limits': 'enforced by looking up to ten times a second',
})

/** Writes the Node object once: nothing about it changes while the kubelet runs; its heartbeat is the lease (node-lease.ts). */
export async function registerNode(
  { client, clock, nodeName, hostIp, runtime }: KubeletContext,
  kubeletVersion: string,
): Promise<void> {
  const architecture = arch() === 'x64' ? 'amd64' : arch()
  const labels = {
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': architecture,
  }
  const resources = nodeResources()
  const status = {
    capacity: resources,
    allocatable: resources,
    addresses: [
      { type: 'InternalIP', address: hostIp },
      { type: 'Hostname', address: nodeName },
    ],
    conditions: conditions(timestamp(clock.now())),
    nodeInfo: {
      architecture,
      operatingSystem: 'linux',
      osImage: await osName(),
      kernelVersion: release(),
      kubeletVersion,
      kubeProxyVersion: '',
      containerRuntimeVersion: 'embedded://1',
      machineID: '',
      systemUUID: '',
      bootID: await readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
        (id) => id.trim(),
        () => '',
      ),
    },
    daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
    images: [],
  }
  const annotations = limits(runtime.limitsCpu())
  const metadata = { name: nodeName, labels, annotations }
  const node = { apiVersion: 'v1', kind: 'Node', metadata, spec: {} }
  try {
    await client.create(NODES, node)
  } catch (error) {
    if (!ApiError.isReason(error, 'AlreadyExists')) throw error
    // An engine that another user started may do less or more.
    await client.patch(NODES, { name: nodeName }, { metadata: { annotations } })
  }
  await client.patch(NODES, { name: nodeName }, { status }, { subresource: 'status' })
}

/** What this machine has for pods, its capacity and allocatable alike. */
export function nodeResources(): Record<string, string> {
  return {
    cpu: String(availableParallelism()),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: '110',
  }
}

function conditions(now: string) {
  const condition = (type: string, status: 'True' | 'False', reason: string, message: string) => ({
    type,
    status,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
    reason,
    message,
  })
  return [
    condition(
      'MemoryPressure',
      'False',
      'KubeletHasSufficientMemory',
      'kubelet has sufficient memory available',
    ),
    condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
  ]
}

async function osName(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? 'Linux'
}
