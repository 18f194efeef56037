/** Init containers that stay: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/ */
import { expect } from 'vitest'
import { JOBS } from '#sandbox/kinds.ts'
import type { Requirement } from '../requirement.ts'
import { UNTIL_TOLD, hasEnded, isReady, shell, statusOf } from '../stage.ts'

const PAGE = 'concepts/workloads/pods/sidecar-containers/'
const always = { restartPolicy: 'Always' }
const shared = { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] }
const volumes = [{ name: 'shared', emptyDir: {} }]

/** What this chapter demands. */
export const requirements: Requirement[] = [
  {
    title: 'Sidecars and init containers start in their order, each before the app',
    follows: PAGE,
    async check({ createPod, untilPod, exec }) {
      await createPod('ordered', {
        volumes,
        initContainers: [
          shell('first', `echo first >>/shared/order; ${UNTIL_TOLD}`, { ...always, ...shared }),
          shell(
            'between',
            'until [ -s /shared/order ]; do sleep 0.1; done; echo between >>/shared/order',
            shared,
          ),
          shell('second', `echo second >>/shared/order; ${UNTIL_TOLD}`, { ...always, ...shared }),
        ],
        containers: [
          shell('app', `until grep second /shared/order; do sleep 0.1; done; ${UNTIL_TOLD}`, shared),
        ],
      })
      await untilPod('ordered', isReady)
      expect((await exec('ordered', 'app', 'cat', '/shared/order')).split('\n')).toEqual([
        'first',
        'between',
        'second',
      ])
    },
  },
  {
    title: 'An app does not start before the startup probe of its sidecar has succeeded',
    follows: 'KEP-753',
    async check({ createPod, untilPod, exec, kubectl }) {
      const startupProbe = {
        exec: { command: ['test', '-f', '/shared/open'] },
        periodSeconds: 1,
        failureThreshold: 60,
      }
      await createPod('gated', {
        volumes,
        initContainers: [shell('proxy', UNTIL_TOLD, { ...always, ...shared, startupProbe })],
        containers: [shell('app', UNTIL_TOLD, shared)],
      })
      const waiting = await untilPod('gated', (pod) => statusOf(pod, 'proxy').state?.running)
      expect(statusOf(waiting, 'proxy').started).toBe(false)
      expect(statusOf(waiting, 'app').state?.waiting?.reason).toBe('PodInitializing')
      expect(await kubectl(['get', 'pod', 'gated', '--no-headers'])).toMatch(/^gated +0\/2 +Init:0\/1 /)
      await exec('gated', 'proxy', 'touch', '/shared/open')
      await untilPod('gated', isReady)
      expect(await kubectl(['get', 'pod', 'gated', '--no-headers'])).toMatch(/^gated +2\/2 +Running +0 /)
    },
  },
  {
    title: 'Sidecars outlive the app and end in reverse order, one after the other',
    follows: 'KEP-753',
    async check({ createPod, untilPod }) {
      const slow = "trap 'sleep 1.2; exit 0' TERM; while :; do sleep 0.1; done"
      await createPod('reversed', {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 30,
        initContainers: [shell('first', slow, always), shell('second', slow, always)],
        containers: [shell('app', 'sleep 1')],
      })
      const pod = await untilPod('reversed', hasEnded)
      expect(pod.status.phase).toBe('Succeeded')
      const [app, second, first] = ['app', 'second', 'first'].map(
        (name) => statusOf(pod, name).state?.terminated?.finishedAt ?? '',
      )
      expect(app! < second! && second! < first!).toBe(true)
    },
  },
  {
    title: 'A sidecar that exits is started again, whatever the restartPolicy of its pod',
    follows: PAGE,
    async check({ createPod, untilPod }) {
      await createPod('stubborn', {
        restartPolicy: 'Never',
        volumes,
        initContainers: [
          shell('proxy', `[ -f /shared/again ] || { touch /shared/again; exit 1; }; ${UNTIL_TOLD}`, {
            ...always,
            ...shared,
          }),
        ],
        containers: [shell('app', UNTIL_TOLD)],
      })
      const pod = await untilPod(
        'stubborn',
        (seen) => statusOf(seen, 'proxy').restartCount === 1 && isReady(seen),
      )
      expect(statusOf(pod, 'proxy').lastState?.terminated?.exitCode).toBe(1)
      expect(statusOf(pod, 'app').restartCount).toBe(0)
    },
  },
  {
    title: 'A Job with a native sidecar completes when its app has',
    follows: PAGE,
    async check({ create, client, namespace, eventually }) {
      await create(JOBS, 'native', {
        spec: {
          template: {
            spec: {
              restartPolicy: 'Never',
              initContainers: [shell('proxy', UNTIL_TOLD, always)],
              containers: [shell('app', 'echo done')],
            },
          },
        },
      })
      const job = await eventually(async () => {
        const seen = await client.get(JOBS, { namespace, name: 'native' })
        return seen.status.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True')
          ? seen
          : undefined
      })
      expect(job.status).toMatchObject({ succeeded: 1 })
    },
  },
  {
    title: 'A Job whose sidecar is an ordinary container hangs: one of two is ready, and it stays active',
    follows: 'KEP-753',
    async check({ create, client, namespace, eventually, kubectl }) {
      await create(JOBS, 'classic', {
        spec: {
          template: {
            spec: {
              restartPolicy: 'Never',
              terminationGracePeriodSeconds: 1,
              containers: [shell('app', 'echo done'), shell('proxy', UNTIL_TOLD)],
            },
          },
        },
      })
      await eventually(async () => / 1\/2 +NotReady /.test(await kubectl(['get', 'pods', '--no-headers'])))
      const { status } = await client.get(JOBS, { namespace, name: 'classic' })
      expect(status).toMatchObject({ active: 1 })
      expect(status.succeeded).toBeUndefined()
    },
  },
]
