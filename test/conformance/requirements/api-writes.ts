/** What writing promises: https://kubernetes.io/docs/reference/using-api/api-concepts/ */
import { expect } from 'vitest'
import { CONFIG_MAPS, PODS, collectionPath, objectPath } from '#sandbox/client.ts'
import type { ConfigMap, KubeObject } from '#sandbox/objects.ts'
import type { Requirement } from '../requirement.ts'
import { UNTIL_TOLD, shell } from '../stage.ts'

const PAGE = 'reference/using-api/api-concepts/'
const APPLY = 'reference/using-api/server-side-apply/'

/** What this chapter demands. */
export const requirements: Requirement[] = [
  {
    title: 'A dry run answers as if it had stored, and stores nothing',
    follows: PAGE,
    async check({ client, namespace, kubectl }) {
      const made = await kubectl([
        'create',
        'configmap',
        'ghost',
        '--from-literal=a=1',
        '--dry-run=server',
        '-o',
        'name',
      ])
      expect(made).toBe('configmap/ghost')
      expect(await client.find(CONFIG_MAPS, { namespace, name: 'ghost' })).toBeUndefined()
    },
  },
  {
    title: 'Strict validation refuses unknown and repeated fields by name; Warn stores and warns',
    follows: PAGE,
    async check({ namespace, kubectl }) {
      const manifest = (name: string) =>
        `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}","namespace":"${namespace}"},"dataa":{}}`
      expect(await kubectl(['apply', '-f', '-'], manifest('strict'))).toContain(
        'strict decoding error: unknown field "dataa"',
      )
      expect(await kubectl(['apply', '--validate=warn', '-f', '-'], manifest('warned'))).toMatch(
        /configmap\/warned created\nWarning: unknown field "dataa"/,
      )
    },
  },
  {
    title: 'A replace of a stale object is a Conflict',
    follows: PAGE,
    async check({ client, create, namespace }) {
      const stale = await create(CONFIG_MAPS, 'one', { data: { a: '1' } })
      await client.patch(CONFIG_MAPS, { namespace, name: 'one' }, { data: { a: '2' } })
      await expect(
        client.replace<ConfigMap>(CONFIG_MAPS, { ...stale, data: { a: '3' } }),
      ).rejects.toMatchObject({
        status: {
          code: 409,
          reason: 'Conflict',
          message:
            'Operation cannot be fulfilled on configmaps "one": the object has been modified; please apply your changes to the latest version and try again',
        },
      })
    },
  },
  {
    title: 'A pod that is no pod is Invalid, with the field and the reason',
    follows: PAGE,
    async check({ createPod }) {
      const twice = createPod('twice', { containers: [shell('app', ':'), shell('app', ':')] })
      await expect(twice).rejects.toMatchObject({
        status: {
          code: 422,
          reason: 'Invalid',
          message: 'Pod "twice" is invalid: spec.containers[1].name: Duplicate value: "app"',
        },
      })
    },
  },
  {
    title: 'What a running pod is made of stays; its images may change',
    follows: 'concepts/workloads/pods/',
    async check({ client, createPod, namespace }) {
      await createPod('web', { containers: [shell('app', UNTIL_TOLD)] })
      const ref = { namespace, name: 'web' }
      const type = 'application/strategic-merge-patch+json'
      const change = (container: object) =>
        client.patch(PODS, ref, { spec: { containers: [{ name: 'app', ...container }] } }, { type })
      await expect(change({ command: ['true'] })).rejects.toMatchObject({
        status: { code: 422, reason: 'Invalid' },
      })
      expect((await change({ image: 'busybox:1.36' })).spec.containers[0]!.image).toBe('busybox:1.36')
    },
  },
  {
    title: 'The three kinds of patch merge as they say',
    follows: 'tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/',
    async check({ client, create, namespace }) {
      await create(CONFIG_MAPS, 'one', { data: { a: '1', b: '2' } })
      const ref = { namespace, name: 'one' }
      await client.patch(CONFIG_MAPS, ref, { data: { a: null } })
      await client.patch(
        CONFIG_MAPS,
        ref,
        { data: { c: '3' } },
        { type: 'application/strategic-merge-patch+json' },
      )
      const operations = [{ op: 'replace', path: '/data/b', value: '4' }]
      const { data } = await client.patch(CONFIG_MAPS, ref, operations, {
        type: 'application/json-patch+json',
      })
      expect(data).toEqual({ b: '4', c: '3' })
    },
  },
  {
    title: 'Server-side apply makes an object, then merges its lists by their keys',
    follows: APPLY,
    async check({ client, namespace }) {
      const apply = (container: object) => {
        const path = `${objectPath(PODS, { namespace, name: 'web' })}?fieldManager=conformance&force=true`
        const metadata = { name: 'web', namespace }
        const pod = {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata,
          spec: { containers: [{ name: 'app', ...container }] },
        }
        return client.json<KubeObject>('PATCH', path, pod, undefined, 'application/apply-patch+yaml')
      }
      const made = await apply({ image: 'busybox', command: ['sleep', '1000'] })
      const merged = await apply({ image: 'busybox:1.36', command: ['sleep', '1000'] })
      expect(merged.metadata.uid).toBe(made.metadata.uid)
      expect(merged.spec).toMatchObject({
        containers: [{ name: 'app', image: 'busybox:1.36', terminationMessagePath: '/dev/termination-log' }],
      })
    },
  },
  {
    title: 'generateName makes a name that is not taken, and a taken one is AlreadyExists',
    follows: PAGE,
    async check({ client, create, namespace }) {
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'made-' } }
      const { metadata } = await client.json<ConfigMap>('POST', collectionPath(CONFIG_MAPS, namespace), body)
      expect(metadata.name).toMatch(/^made-[a-z0-9]{5}$/)
      await expect(create(CONFIG_MAPS, metadata.name, {})).rejects.toMatchObject({
        status: {
          code: 409,
          reason: 'AlreadyExists',
          message: `configmaps "${metadata.name}" already exists`,
        },
      })
    },
  },
]
