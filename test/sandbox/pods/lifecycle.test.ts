/** Proves the pod lifecycle by pairs of YAML files: what is observed, what is decided. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Container, Pod, PodStatus } from '#sandbox/objects.ts'
import { decide } from '#sandbox/pods/lifecycle.ts'
import {
  containersOf,
  ephemeralContainersOf,
  type ContainerRecord,
  type PodRecord,
} from '#sandbox/pods/record.ts'

const FOLDER = join(import.meta.dirname, 'lifecycle')

/** What a pair leaves out is filled in: a ready sandbox, containers that have not run, BusyBox for an image. */
interface Input {
  now: number
  spec: Pod['spec']
  before?: PodStatus
  sandbox?: PodRecord['sandbox']
  deletion?: PodRecord['deletion']
  expiredAtMs?: number
  containers?: Record<string, Partial<ContainerRecord>>
}

/** `status` is compared whole, the rest in part. */
interface Expected {
  actions: unknown[]
  status?: unknown
  phase?: string
  reason?: string
  message?: string
  conditions?: Record<string, string>
  containers?: Record<string, object>
}

const RUNNING = { id: 'x', startedAtMs: 1000, started: true, ready: true }
const COMPLETED = { reason: 'Completed', finishedAtMs: 1000 }
const FAILED = { reason: 'Error', finishedAtMs: 1000 }

describe('the lifecycle of a pod', () => {
  const situations = readdirSync(FOLDER)
    .filter((file) => file.endsWith('.input.yaml'))
    .map((file) => file.slice(0, -'.input.yaml'.length))

  it.each(situations)('%s', (situation) => {
    const input = read(situation, 'input') as Input
    const expected = read(situation, 'expected') as Expected
    const { status, actions } = decide(podOf(input), recordOf(input), input.before ?? {}, input.now)
    expect(actions).toEqual(expected.actions)
    expect(status).toEqual(expected.status ?? status)
    expect(status.phase).toBe(expected.phase ?? status.phase)
    expect(status.reason).toBe(expected.reason)
    expect(status.message).toBe(expected.message)
    expect(conditionsOf(status)).toMatchObject(expected.conditions ?? {})
    for (const [name, part] of Object.entries(expected.containers ?? {})) {
      const statuses = [
        ...(status.initContainerStatuses ?? []),
        ...(status.containerStatuses ?? []),
        ...(status.ephemeralContainerStatuses ?? []),
      ]
      expect(statuses.find((candidate) => candidate.name === name)).toMatchObject(part)
    }
  })

  it('is decided without changing what it is given', () => {
    for (const situation of situations) {
      const input = read(situation, 'input') as Input
      const [pod, record] = [podOf(input), recordOf(input)]
      decide(pod, record, input.before ?? {}, input.now)
      expect([pod, record]).toEqual([podOf(input), recordOf(input)])
    }
  })
})

function read(situation: string, part: 'input' | 'expected'): unknown {
  return parse(readFileSync(join(FOLDER, `${situation}.${part}.yaml`), 'utf8'))
}

function podOf(input: Input): Pod {
  const fill = (container: Container) => ({ image: 'busybox', ...container })
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'u-1',
      resourceVersion: '1',
      creationTimestamp: '1970-01-01T00:00:00Z',
    },
    spec: {
      ...input.spec,
      containers: input.spec.containers.map(fill),
      ...(input.spec.initContainers ? { initContainers: input.spec.initContainers.map(fill) } : {}),
    },
    status: {},
  }
}

function recordOf(input: Input): PodRecord {
  const containers: PodRecord['containers'] = {}
  const pod = podOf(input)
  for (const { name } of [...containersOf(pod), ...ephemeralContainersOf(pod)]) {
    const known = input.containers?.[name] ?? {}
    containers[name] = { attempt: 0, ...known, instance: instanceOf(known.instance) }
  }
  return {
    sandbox: input.sandbox ?? { is: 'ready', ip: '10.244.0.2' },
    ...(input.deletion ? { deletion: input.deletion } : {}),
    ...(input.expiredAtMs ? { expiredAtMs: input.expiredAtMs } : {}),
    containers,
  }
}

function instanceOf(given: ContainerRecord['instance'] | undefined): ContainerRecord['instance'] {
  if (given?.is === 'running') return { ...RUNNING, ...given }
  if (given?.is === 'ended') return { ...(given.exitCode === 0 ? COMPLETED : FAILED), ...given }
  return given ?? { is: 'absent' }
}

/** `Ready: 'False ContainersNotReady: containers with …'` */
function conditionsOf(status: PodStatus): Record<string, string> {
  const texts = (status.conditions ?? []).map((condition) => {
    const words = [condition.status, condition.reason].filter(Boolean).join(' ')
    return [condition.type, condition.message ? `${words}: ${condition.message}` : words]
  })
  return Object.fromEntries(texts) as Record<string, string>
}
