/** Kinds that a cluster serves and a course on sidecars does without. */
import { expect } from 'vitest'
import type { Requirement } from '../requirement.ts'
import { UNTIL_TOLD, isReady, shell, type Stage } from '../stage.ts'

/** Applies an object with kubectl; throws with its words unless it is made. */
async function make({ kubectl }: Stage, apiVersion: string, kind: string, name: string, fields: object) {
  const said = await kubectl(
    ['apply', '-f', '-'],
    JSON.stringify({ apiVersion, kind, metadata: { name }, ...fields }),
  )
  expect(said).toContain(' created')
}

/** What this chapter demands. */
export const requirements: Requirement[] = [
  {
    title: 'A StatefulSet gives its pods names that stay',
    follows: 'concepts/workloads/controllers/statefulset/',
    async check(stage) {
      const labels = { app: 'db' }
      const template = { metadata: { labels }, spec: { containers: [shell('app', UNTIL_TOLD)] } }
      await make(stage, 'apps/v1', 'StatefulSet', 'db', {
        spec: { serviceName: 'db', selector: { matchLabels: labels }, template },
      })
      await stage.eventually(() => stage.untilPod('db-0', isReady))
    },
  },
  {
    title: 'A CronJob makes Jobs on its schedule',
    follows: 'concepts/workloads/controllers/cron-jobs/',
    async check(stage) {
      const spec = { restartPolicy: 'Never', containers: [shell('app', ':')] }
      await make(stage, 'batch/v1', 'CronJob', 'often', {
        spec: { schedule: '* * * * *', jobTemplate: { spec: { template: { spec } } } },
      })
      await stage.kubectl([
        'wait',
        '--for=jsonpath={.status.lastScheduleTime}',
        'cronjob/often',
        '--timeout=90s',
      ])
      expect(await stage.kubectl(['get', 'jobs'])).toContain('often-')
    },
  },
  {
    title: 'A Role says what a ServiceAccount may do',
    follows: 'reference/access-authn-authz/rbac/',
    async check({ kubectl, namespace }) {
      const who = `--as=system:serviceaccount:${namespace}:default`
      expect(await kubectl(['auth', 'can-i', 'list', 'pods', who])).toContain('no')
      await kubectl(['create', 'role', 'reader', '--verb=list', '--resource=pods'])
      await kubectl([
        'create',
        'rolebinding',
        'reader',
        '--role=reader',
        `--serviceaccount=${namespace}:default`,
      ])
      expect(await kubectl(['auth', 'can-i', 'list', 'pods', who])).toBe('yes')
    },
  },
  {
    title: 'A ResourceQuota limits what a namespace holds',
    follows: 'concepts/policy/resource-quotas/',
    async check(stage) {
      await make(stage, 'v1', 'ResourceQuota', 'none', { spec: { hard: { 'count/secrets': '0' } } })
      await stage.eventually(async () =>
        /exceeded quota/.test(
          await stage.kubectl(['create', 'secret', 'generic', 'one', '--dry-run=server']),
        ),
      )
    },
  },
  {
    title: 'A CustomResourceDefinition adds a kind',
    follows: 'concepts/extend-kubernetes/api-extension/custom-resources/',
    async check(stage) {
      const group = `${stage.namespace}.example`
      const names = { kind: 'Thing', plural: 'things' }
      const schema = { openAPIV3Schema: { type: 'object' } }
      const versions = [{ name: 'v1', served: true, storage: true, schema }]
      await make(stage, 'apiextensions.k8s.io/v1', 'CustomResourceDefinition', `things.${group}`, {
        spec: { group, scope: 'Namespaced', names, versions },
      })
      await stage.kubectl(['wait', '--for=condition=Established', `crd/things.${group}`])
      await make(stage, `${group}/v1`, 'Thing', 'one', {})
      await stage.kubectl(['delete', 'crd', `things.${group}`])
    },
  },
]
