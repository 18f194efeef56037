/** Proves the READY, STATUS and RESTARTS of `kubectl get pods`, situation by situation. */
import { expect, it } from 'vitest'
import { podColumns } from '#sandbox/api/pod-spec/columns.ts'
import type { ContainerStatus, Pod, PodStatus } from '#sandbox/objects.ts'

const NOW = Date.UTC(2026, 10, 22, 15, 30)
const BEFORE = '2026-11-22T15:29:50Z'
const initialized = [{ type: 'Initialized', status: 'True' }]
const ready = [...initialized, { type: 'Ready', status: 'True' }]

const status = (name: string, more: Partial<ContainerStatus>): ContainerStatus => ({
  name,
  image: '',
  imageID: '',
  ready: false,
  restartCount: 0,
  ...more,
})
const runs = (name: string, more: Partial<ContainerStatus> = {}) =>
  status(name, { ready: true, started: true, state: { running: {} }, ...more })
const waits = (name: string, reason: string, more: Partial<ContainerStatus> = {}) =>
  status(name, { state: { waiting: { reason } }, ...more })
const ended = (name: string, exitCode: number, reason?: string, more: Partial<ContainerStatus> = {}) =>
  status(name, { state: { terminated: { exitCode, reason } }, ...more })

/** What is the case; the pod's containers, `init`, `sidecar*`; its status; and the row. */
const ROWS: [string, string[], Partial<PodStatus>, string][] = [
  ['nothing has happened', ['app'], {}, '0/1 Pending 0'],
  [
    'both run',
    ['app', 'log'],
    { conditions: ready, containerStatuses: [runs('app'), runs('log')] },
    '2/2 Running 0',
  ],
  [
    'the first init container runs',
    ['init', 'app'],
    {
      initContainerStatuses: [status('init', { state: { running: {} } })],
      containerStatuses: [waits('app', 'PodInitializing')],
    },
    '0/1 Init:0/1 0',
  ],
  [
    'the second init container runs',
    ['init', 'init2', 'app'],
    { initContainerStatuses: [ended('init', 0), status('init2', { state: { running: {} } })] },
    '0/1 Init:1/2 0',
  ],
  [
    'an init container failed',
    ['init', 'app'],
    { initContainerStatuses: [ended('init', 1, 'Error')] },
    '0/1 Init:Error 0',
  ],
  [
    'an init container keeps failing',
    ['init', 'app'],
    {
      initContainerStatuses: [
        waits('init', 'CrashLoopBackOff', {
          restartCount: 3,
          lastState: { terminated: { exitCode: 1, finishedAt: BEFORE } },
        }),
      ],
    },
    '0/1 Init:CrashLoopBackOff 3 (10s ago)',
  ],
  [
    'init containers are through',
    ['init', 'app'],
    {
      conditions: initialized,
      initContainerStatuses: [ended('init', 0)],
      containerStatuses: [waits('app', 'PodInitializing')],
    },
    '0/1 PodInitializing 0',
  ],
  [
    'a sidecar counts among the ready',
    ['sidecar', 'app'],
    { conditions: ready, initContainerStatuses: [runs('sidecar')], containerStatuses: [runs('app')] },
    '2/2 Running 0',
  ],
  [
    'a sidecar has not started yet',
    ['sidecar', 'app'],
    { initContainerStatuses: [status('sidecar', { state: { running: {} }, started: false })] },
    '0/2 Init:0/1 0',
  ],
  [
    'a container keeps crashing',
    ['app'],
    {
      conditions: initialized,
      containerStatuses: [
        waits('app', 'CrashLoopBackOff', {
          restartCount: 2,
          lastState: { terminated: { exitCode: 1, finishedAt: BEFORE } },
        }),
      ],
    },
    '0/1 CrashLoopBackOff 2 (10s ago)',
  ],
  [
    'all have completed',
    ['app'],
    { phase: 'Succeeded', conditions: initialized, containerStatuses: [ended('app', 0, 'Completed')] },
    '0/1 Completed 0',
  ],
  [
    'one has failed',
    ['app'],
    { phase: 'Failed', conditions: initialized, containerStatuses: [ended('app', 2, 'Error')] },
    '0/1 Error 0',
  ],
  [
    'one was killed',
    ['app'],
    { phase: 'Failed', conditions: initialized, containerStatuses: [ended('app', 137, 'OOMKilled')] },
    '0/1 OOMKilled 0',
  ],
  [
    'one has completed and one goes on',
    ['app', 'log'],
    { conditions: initialized, containerStatuses: [ended('app', 0, 'Completed'), runs('log')] },
    '1/2 NotReady 0',
  ],
]

it.each(ROWS)('when %s', (_title, names, podStatus, row) => {
  expect(rowOf(names, podStatus)).toBe(row)
})

it('a pod that is being deleted is Terminating, until it has ended', () => {
  const deletion = { deletionTimestamp: BEFORE }
  expect(rowOf(['app'], { containerStatuses: [runs('app')] }, deletion)).toBe('1/1 Terminating 0')
  const over = { phase: 'Succeeded', containerStatuses: [ended('app', 0, 'Completed')] }
  expect(rowOf(['app'], over, deletion)).toBe('0/1 Completed 0')
})

function rowOf(names: string[], podStatus: Partial<PodStatus>, metadata: object = {}): string {
  const isInit = (name: string) => name.startsWith('init') || name.startsWith('sidecar')
  const pod = {
    metadata,
    spec: {
      initContainers: names
        .filter(isInit)
        .map((name) => ({ name, ...(name.startsWith('sidecar') ? { restartPolicy: 'Always' } : {}) })),
      containers: names.filter((name) => !isInit(name)).map((name) => ({ name })),
    },
    status: {
      phase: podStatus.containerStatuses?.some((one) => one.state?.running) ? 'Running' : 'Pending',
      ...podStatus,
    },
  } as unknown as Pod
  return podColumns
    .filter(({ name }) => ['Ready', 'Status', 'Restarts'].includes(name))
    .map(({ cell }) => cell(pod, NOW))
    .join(' ')
}
