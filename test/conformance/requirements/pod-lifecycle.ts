/** How pods start, restart and end: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ */
import { expect } from 'vitest'
import { PODS } from '#sandbox/client.ts'
import type { Requirement } from '../requirement.ts'
import { UNTIL_TOLD, hasEnded, isReady, node, shell, statusOf } from '../stage.ts'

const PAGE = 'concepts/workloads/pods/pod-lifecycle/'
const HOOKS = 'concepts/containers/container-lifecycle-hooks/'

/** What this chapter demands. */
export const requirements: Requirement[] = [
  {
    title: 'A pod that must not restart ends as Succeeded or Failed, after its containers',
    follows: PAGE,
    async check({ createPod, untilPod }) {
      const run = (name: string, code: number) =>
        createPod(name, { restartPolicy: 'Never', containers: [shell('app', `exit ${code}`)] })
      await Promise.all([run('well', 0), run('ill', 3)])
      const [well, ill] = await Promise.all([untilPod('well', hasEnded), untilPod('ill', hasEnded)])
      expect([well.status.phase, statusOf(well, 'app').state?.terminated?.reason]).toEqual([
        'Succeeded',
        'Completed',
      ])
      expect([ill.status.phase, statusOf(ill, 'app').state?.terminated]).toEqual([
        'Failed',
        expect.objectContaining({ reason: 'Error', exitCode: 3 }),
      ])
    },
  },
  {
    title: 'A failed init container ends a pod that must not restart, and its app never runs',
    follows: 'concepts/workloads/pods/init-containers/',
    async check({ createPod, untilPod, kubectl }) {
      await createPod('stuck', {
        restartPolicy: 'Never',
        initContainers: [shell('prepare', 'exit 1')],
        containers: [shell('app', UNTIL_TOLD)],
      })
      const pod = await untilPod('stuck', hasEnded)
      expect(pod.status.phase).toBe('Failed')
      expect(statusOf(pod, 'app').state?.running).toBeUndefined()
      expect(await kubectl(['get', 'pod', 'stuck', '--no-headers'])).toMatch(/^stuck +0\/1 +Init:Error +0 /)
    },
  },
  {
    title:
      'A container that fails again waits in CrashLoopBackOff, 10 s at first, and --previous shows its last log',
    follows: PAGE,
    async check({ createPod, untilPod, kubectl, namespace }) {
      await createPod('crashing', { containers: [shell('app', 'echo run $HOSTNAME; exit 1')] })
      const pod = await untilPod(
        'crashing',
        (seen) => statusOf(seen, 'app').state?.waiting?.reason === 'CrashLoopBackOff',
      )
      expect(statusOf(pod, 'app').state?.waiting?.message).toBe(
        `back-off 10s restarting failed container=app pod=crashing_${namespace}(${pod.metadata.uid})`,
      )
      expect(await kubectl(['logs', 'crashing', '--previous'])).toBe('run crashing')
    },
  },
  {
    title: 'postStart runs beside the container, which counts as running only after it',
    follows: HOOKS,
    async check({ createPod, untilPod, exec }) {
      const lifecycle = { postStart: { exec: { command: ['sh', '-c', 'sleep 0.5; touch /tmp/hooked'] } } }
      await createPod('hooked', { containers: [shell('app', UNTIL_TOLD, { lifecycle })] })
      await untilPod('hooked', isReady)
      await exec('hooked', 'app', 'test', '-f', '/tmp/hooked')
    },
  },
  {
    title: 'preStop runs to its end before SIGTERM is sent',
    follows: HOOKS,
    async check({ createPod, untilPod, followLog, client, namespace }) {
      const lifecycle = { preStop: { exec: { command: ['sh', '-c', 'sleep 0.5; echo hook >/tmp/hook'] } } }
      const script = "trap 'cat /tmp/hook; echo told; exit 0' TERM; while :; do sleep 0.1; done"
      await createPod('stopping', {
        terminationGracePeriodSeconds: 20,
        containers: [shell('app', script, { lifecycle })],
      })
      await untilPod('stopping', isReady)
      const log = followLog('stopping', 'app')
      await client.delete(PODS, { namespace, name: 'stopping' })
      expect(await log).toBe('hook\ntold\n')
    },
  },
  {
    title: 'preStop and SIGTERM share one grace period, and SIGKILL ends what is left',
    follows: PAGE,
    async check({ createPod, untilPod, client, namespace, eventually }) {
      const lifecycle = { preStop: { exec: { command: ['sleep', '60'] } } }
      await createPod('deaf', {
        terminationGracePeriodSeconds: 2,
        containers: [shell('app', "trap '' TERM; while :; do sleep 0.1; done", { lifecycle })],
      })
      await untilPod('deaf', isReady)
      const startedMs = performance.now()
      await client.delete(PODS, { namespace, name: 'deaf' })
      await eventually(async () => !(await client.find(PODS, { namespace, name: 'deaf' })))
      const tookMs = performance.now() - startedMs
      expect(tookMs).toBeGreaterThan(1_900)
      // The kubelet gives a container two more seconds where the hook has used up the grace period.
      expect(tookMs).toBeLessThan(20_000)
    },
  },
  {
    title: 'Containers share one process namespace where the pod says so',
    follows: 'tasks/configure-pod-container/share-process-namespace/',
    async check({ createPod, untilPod, exec }) {
      await createPod('shared', {
        shareProcessNamespace: true,
        containers: [shell('app', `: app-of-the-pod; ${UNTIL_TOLD}`), shell('debugger', UNTIL_TOLD)],
      })
      await untilPod('shared', isReady)
      const seen = await exec('shared', 'debugger', 'sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "')
      expect(seen).toContain('app-of-the-pod')
    },
  },
  {
    title: 'kubectl debug adds an ephemeral container that sees the processes of its target',
    follows: 'concepts/workloads/pods/ephemeral-containers/',
    async check({ createPod, untilPod, kubectl, client, namespace }) {
      await createPod('patient', { containers: [shell('app', `: the-patient; ${UNTIL_TOLD}`)] })
      await untilPod('patient', isReady)
      const look = 'cat /proc/1/cmdline | tr "\\0" " "'
      await kubectl([
        'debug',
        'patient',
        '--image=busybox',
        '--target=app',
        '-c',
        'doctor',
        '--',
        'sh',
        '-c',
        look,
      ])
      await untilPod('patient', (pod) => statusOf(pod, 'doctor').state?.terminated)
      expect(await client.logs({ namespace, name: 'patient' }, { container: 'doctor' })).toContain(
        'the-patient',
      )
    },
  },
  {
    title: 'runAsUser, runAsGroup and fsGroup say who a container is and who owns its volumes',
    follows: 'tasks/configure-pod-container/security-context/',
    async check({ createPod, untilPod, client, namespace }) {
      await createPod('somebody', {
        restartPolicy: 'Never',
        securityContext: { runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000 },
        volumes: [{ name: 'data', emptyDir: {} }],
        containers: [
          shell('app', 'id -u; id -g; id -G; stat -c %g /data; touch /data/mine && stat -c %g /data/mine', {
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
          }),
        ],
      })
      await untilPod('somebody', hasEnded)
      expect(await client.logs({ namespace, name: 'somebody' })).toBe('1000\n3000\n3000 2000\n2000\n2000\n')
    },
  },
  {
    title: 'A container that takes more memory than its limit is OOMKilled with exit code 137',
    follows: 'tasks/configure-pod-container/assign-memory-resource/',
    async check({ createPod, untilPod }) {
      const grow = 'const held = []; setInterval(() => held.push(Buffer.alloc(4 << 20, 1)), 20)'
      await createPod('greedy', {
        restartPolicy: 'Never',
        containers: [node('app', grow, { resources: { limits: { memory: '128Mi' } } })],
      })
      const { state } = statusOf(await untilPod('greedy', hasEnded), 'app')
      expect(state?.terminated).toMatchObject({ reason: 'OOMKilled', exitCode: 137 })
    },
  },
  {
    title: 'Requests and limits make the QoS class of a pod',
    follows: 'concepts/workloads/pods/pod-qos/',
    async check({ createPod }) {
      const make = async (name: string, resources: object) =>
        (await createPod(name, { containers: [shell('app', UNTIL_TOLD, { resources })] })).status.qosClass
      const all = { cpu: '10m', memory: '32Mi' }
      expect([
        await make('a', {}),
        await make('b', { requests: all }),
        await make('c', { limits: all }),
      ]).toEqual(['BestEffort', 'Burstable', 'Guaranteed'])
    },
  },
  {
    title: 'What a container writes to /dev/termination-log is its termination message',
    follows: 'tasks/debug/debug-application/determine-reason-pod-failure/',
    async check({ createPod, untilPod }) {
      await createPod('telling', {
        restartPolicy: 'Never',
        containers: [shell('app', 'printf why >/dev/termination-log; exit 1')],
      })
      const { state } = statusOf(await untilPod('telling', hasEnded), 'app')
      expect(state?.terminated?.message).toBe('why')
    },
  },
  {
    title: 'A container may not take more processor time than its limit',
    follows: 'tasks/configure-pod-container/assign-cpu-resource/',
    async check({ createPod, untilPod, client, namespace }) {
      const spin =
        'const start = Date.now(); while (Date.now() < start + 3000); console.log(process.cpuUsage().user)'
      await createPod('spinning', {
        restartPolicy: 'Never',
        containers: [node('app', spin, { resources: { limits: { cpu: '200m' } } })],
      })
      await untilPod('spinning', hasEnded)
      expect(Number(await client.logs({ namespace, name: 'spinning' }))).toBeLessThan(1_500_000)
    },
  },
  {
    title: 'A privileged container has all capabilities',
    follows: 'concepts/security/linux-kernel-security-constraints/',
    async check({ createPod, untilPod }) {
      const securityContext = { privileged: true }
      await createPod('mighty', {
        restartPolicy: 'Never',
        containers: [shell('app', 'mount -t tmpfs none /mnt', { securityContext })],
      })
      expect((await untilPod('mighty', hasEnded)).status.phase).toBe('Succeeded')
    },
  },
]
