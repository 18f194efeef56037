/** What makes pods and cleans up after them: https://kubernetes.io/docs/concepts/workloads/controllers/ */
import { expect } from 'vitest'
import { CONFIG_MAPS, NAMESPACES, NODES, PODS } from '#sandbox/client.ts'
import { DAEMON_SETS, DEPLOYMENTS, JOBS, REPLICA_SETS } from '#sandbox/kinds.ts'
import type { Requirement } from '../requirement.ts'
import { UNTIL_TOLD, isReady, shell } from '../stage.ts'

const labels = { app: 'web' }

function workload(generation: string) {
  const env = [{ name: 'GENERATION', value: generation }]
  const spec = { terminationGracePeriodSeconds: 1, containers: [shell('app', UNTIL_TOLD, { env })] }
  return { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } }
}

function jobOf(script: string, more: object) {
  const spec = { restartPolicy: 'Never', containers: [shell('app', script)] }
  return { spec: { ...more, template: { spec } } }
}

/** What this chapter demands. */
export const requirements: Requirement[] = [
  {
    title: 'A Deployment rolls to a new template without falling below its pods, and back to the former',
    follows: 'concepts/workloads/controllers/deployment/',
    async check({ create, client, namespace, kubectl }) {
      await create(DEPLOYMENTS, 'web', {
        spec: {
          replicas: 2,
          ...workload('one'),
          strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        },
      })
      expect(await kubectl(['rollout', 'status', 'deployment/web'])).toContain(
        'deployment "web" successfully rolled out',
      )
      let fewest = 2
      const aborter = new AbortController()
      const { resourceVersion } = await client.list(DEPLOYMENTS, { namespace })
      const watching = (async () => {
        for await (const { object } of client.watch(DEPLOYMENTS, {
          namespace,
          resourceVersion,
          signal: aborter.signal,
        })) {
          fewest = Math.min(fewest, object.status.availableReplicas ?? 0)
        }
      })()
      await kubectl(['set', 'env', 'deployment/web', 'GENERATION=two'])
      await kubectl(['rollout', 'status', 'deployment/web'])
      aborter.abort()
      await watching
      expect(fewest).toBe(2)
      expect(await kubectl(['rollout', 'undo', 'deployment/web'])).toContain('rolled back')
      await kubectl(['rollout', 'status', 'deployment/web'])
      const { spec, metadata } = await client.get(DEPLOYMENTS, { namespace, name: 'web' })
      expect(spec.template.spec?.containers[0]?.env).toEqual([{ name: 'GENERATION', value: 'one' }])
      expect(metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3')
    },
  },
  {
    title: 'A scaled ReplicaSet makes and deletes pods, and replaces one that is gone',
    follows: 'concepts/workloads/controllers/replicaset/',
    async check({ create, client, namespace, kubectl, eventually }) {
      await create(REPLICA_SETS, 'web', { spec: { replicas: 1, ...workload('one') } })
      const pods = async () =>
        (await client.list(PODS, { namespace })).items.filter(({ metadata }) => !metadata.deletionTimestamp)
      const [first] = await eventually(async () => ((await pods()).length === 1 ? pods() : undefined))
      await kubectl(['scale', 'replicaset/web', '--replicas=2'])
      await eventually(async () => (await pods()).length === 2)
      await client.delete(PODS, first!.metadata)
      await eventually(async () => {
        const names = (await pods()).map(({ metadata }) => metadata.name)
        return names.length === 2 && !names.includes(first!.metadata.name)
      })
      await kubectl(['scale', 'replicaset/web', '--replicas=0'])
      await eventually(async () => (await pods()).length === 0)
    },
  },
  {
    title: 'A DaemonSet runs one pod on every node that takes it',
    follows: 'concepts/workloads/controllers/daemonset/',
    async check({ create, client, namespace, eventually }) {
      await create(DAEMON_SETS, 'agent', { spec: workload('one') })
      const { items: nodes } = await client.list(NODES)
      const free = nodes.filter(
        ({ spec }) => !spec?.taints?.some(({ effect }) => effect !== 'PreferNoSchedule'),
      )
      await eventually(
        async () =>
          (await client.get(DAEMON_SETS, { namespace, name: 'agent' })).status?.numberReady === free.length,
      )
    },
  },
  {
    title: 'A Job runs until it has its completions, so many at a time',
    follows: 'concepts/workloads/controllers/job/',
    async check({ create, kubectl }) {
      await create(JOBS, 'pages', jobOf('echo done', { completions: 3, parallelism: 2 }))
      expect(await kubectl(['wait', '--for=condition=Complete', 'job/pages', '--timeout=60s'])).toContain(
        'condition met',
      )
      expect(await kubectl(['get', 'job', 'pages', '--no-headers'])).toMatch(/^pages +Complete +3\/3 /)
      expect(await kubectl(['get', 'pods', '--no-headers'])).toMatch(
        /^(pages-\w{5} +0\/1 +Completed +0 .*\n?){3}$/,
      )
    },
  },
  {
    title: 'A Job fails with BackoffLimitExceeded when its pods have failed too often',
    follows: 'concepts/workloads/controllers/job/',
    async check({ create, client, namespace, eventually }) {
      await create(JOBS, 'hopeless', jobOf('exit 1', { backoffLimit: 0 }))
      const failed = await eventually(async () => {
        const { status } = await client.get(JOBS, { namespace, name: 'hopeless' })
        return status.conditions?.find(({ type }) => type === 'Failed')
      })
      expect(failed).toMatchObject({
        status: 'True',
        reason: 'BackoffLimitExceeded',
        message: 'Job has reached the specified backoff limit',
      })
    },
  },
  {
    title: 'What its owner leaves is collected; --cascade=orphan leaves it alone',
    follows: 'concepts/architecture/garbage-collection/',
    async check({ create, client, namespace, kubectl, eventually }) {
      await create(DEPLOYMENTS, 'web', { spec: { replicas: 1, ...workload('one') } })
      await create(REPLICA_SETS, 'kept', {
        spec: {
          replicas: 1,
          ...workload('two'),
          selector: { matchLabels: { app: 'kept' } },
          template: { ...workload('two').template, metadata: { labels: { app: 'kept' } } },
        },
      })
      await eventually(
        async () => (await client.list(PODS, { namespace })).items.filter(isReady).length === 2,
      )
      await kubectl(['delete', 'replicaset', 'kept', '--cascade=orphan'])
      await kubectl(['delete', 'deployment', 'web'])
      await eventually(async () => {
        const { items } = await client.list(PODS, { namespace })
        return (
          items.length === 1 &&
          items[0]!.metadata.ownerReferences === undefined &&
          items[0]!.metadata.labels?.app === 'kept'
        )
      })
    },
  },
  {
    title: 'A namespace that is deleted takes all that it holds with it',
    follows: 'concepts/overview/working-with-objects/namespaces/',
    async check({ client, create, createPod, untilPod, namespace, eventually }) {
      await create(CONFIG_MAPS, 'settings', { data: {} })
      await createPod('web', { containers: [shell('app', UNTIL_TOLD)] })
      await untilPod('web', isReady)
      await client.delete(NAMESPACES, { name: namespace })
      await eventually(async () => !(await client.find(NAMESPACES, { name: namespace })))
      expect((await client.list(PODS, { namespace })).items).toEqual([])
      expect((await client.list(CONFIG_MAPS, { namespace })).items).toEqual([])
    },
  },
]
