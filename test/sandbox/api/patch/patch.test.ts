/** Proves the four patches through the API. */
import { beforeEach, describe, expect, it } from 'vitest'
import { createOpenApi } from '#sandbox/api/openapi.ts'
import { applyStrategicMerge } from '#sandbox/api/patch/strategic-merge.ts'
import { loadResources } from '#sandbox/api/resource.ts'
import { CONFIG_MAPS, PODS, type PatchType } from '#sandbox/client.ts'
import type { ConfigMap, Pod } from '#sandbox/objects.ts'
import { type TestApi, createTestApi, podManifest } from '../../../helpers/test-api.ts'

const REF = { namespace: 'default', name: 'web' }

let test: TestApi
beforeEach(async () => {
  test = await createTestApi()
})

describe('a strategic merge patch', () => {
  // Not through the API, which would refuse most of this: a pod’s spec may hardly change.
  const patch = async (body: Record<string, unknown>) => {
    const resources = await loadResources()
    const openApi = createOpenApi(resources)
    const schema = openApi.schemaOf(resources.find((one) => one.kind === 'Pod')!)
    return applyStrategicMerge(
      test.store.get('pods', 'default', 'web')!,
      body,
      schema,
      openApi,
    ) as unknown as Pod
  }

  beforeEach(() =>
    test.client.create(PODS, {
      ...podManifest('web', {
        containers: [
          { name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] },
          { name: 'b', image: 'b:1' },
        ],
        volumes: [{ name: 'v', configMap: { name: 'c' } }],
      }),
      metadata: { ...REF, labels: { keep: 'yes', drop: 'me' }, finalizers: ['x.io/a', 'x.io/b'] },
    }),
  )

  it('merges containers by name and leaves the others alone', async () => {
    const { spec } = await patch({ spec: { containers: [{ name: 'b', image: 'b:2' }] } })
    expect(spec.containers.map(({ image }) => image)).toEqual(['a:1', 'b:2'])
  })

  it('removes a label with null and a finalizer by its value', async () => {
    const { metadata } = await patch({
      metadata: { labels: { drop: null }, '$deleteFromPrimitiveList/finalizers': ['x.io/a'] },
    })
    expect(metadata.labels).toEqual({ keep: 'yes' })
    expect(metadata.finalizers).toEqual(['x.io/b'])
  })

  it('obeys $setElementOrder', async () => {
    const { spec } = await patch({
      spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
    })
    expect(spec.containers.map(({ name }) => name)).toEqual(['b', 'a'])
  })

  it('deletes a list item by $patch, replaces a list, and swaps a volume by $retainKeys', async () => {
    const deleted = await patch({ spec: { containers: [{ name: 'a', $patch: 'delete' }] } })
    expect(deleted.spec.containers.map(({ name }) => name)).toEqual(['b'])
    const replaced = await patch({
      spec: { containers: [{ $patch: 'replace' }, { name: 'c', image: 'c:1' }] },
    })
    expect(replaced.spec.containers).toEqual([{ name: 'c', image: 'c:1' }])
    const swapped = await patch({
      spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'emptyDir'], emptyDir: {} }] },
    })
    expect(swapped.spec.volumes).toEqual([{ name: 'v', emptyDir: {} }])
  })
})

describe('other patches', () => {
  beforeEach(() =>
    test.client.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: REF,
      data: { a: '1', b: '2' },
    }),
  )
  const patch = (body: unknown, type: PatchType) =>
    test.call<ConfigMap>('PATCH', '/api/v1/namespaces/default/configmaps/web?fieldManager=test', {
      body,
      type,
    })

  it('merge by RFC 7396', async () => {
    const { body } = await patch({ data: { a: null, c: '3' } }, 'application/merge-patch+json')
    expect(body.data).toEqual({ b: '2', c: '3' })
  })

  it('apply the operations of RFC 6902, all or none', async () => {
    const type = 'application/json-patch+json'
    const { body } = await patch(
      [
        { op: 'test', path: '/data/a', value: '1' },
        { op: 'move', from: '/data/a', path: '/data/z' },
        { op: 'copy', from: '/data/b', path: '/data/y' },
        { op: 'replace', path: '/data/b', value: '9' },
        { op: 'add', path: '/metadata/labels', value: { 'x~y': 'no' } },
        { op: 'remove', path: '/metadata/labels/x~0y' },
      ],
      type,
    )
    expect(body.data).toEqual({ b: '9', y: '2', z: '1' })
    const failed = await patch(
      [
        { op: 'remove', path: '/data/b' },
        { op: 'test', path: '/data/z', value: '2' },
      ],
      type,
    )
    expect(failed.code).toBe(422)
    expect((await test.client.get(CONFIG_MAPS, REF)).data).toHaveProperty('b')
  })

  it('leave the server’s own prototypes alone', async () => {
    const hostile = '{"data":{"__proto__":{"polluted":"yes"}}}'
    for (const type of ['merge-patch', 'strategic-merge-patch']) {
      await patch(JSON.parse(hostile), `application/${type}+json` as PatchType)
    }
    await patch([{ op: 'add', path: '/__proto__/polluted', value: 'yes' }], 'application/json-patch+json')
    expect(({} as { polluted?: string }).polluted).toBeUndefined()
  })

  it('apply on the server: create, then merge', async () => {
    const apply = (name: string, data: object) =>
      test.call<ConfigMap>(
        'PATCH',
        `/api/v1/namespaces/default/configmaps/${name}?fieldManager=test&force=true`,
        {
          type: 'application/apply-patch+yaml',
          body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data },
        },
      )
    expect((await apply('new', { a: '1' })).code).toBe(201)
    const { code, body } = await apply('new', { b: '2' })
    expect([code, body.data]).toEqual([200, { a: '1', b: '2' }])
  })

  it('of an unknown kind are refused, and of an absent object too', async () => {
    expect((await patch({}, 'text/plain' as PatchType)).code).toBe(415)
    const { code } = await test.call('PATCH', '/api/v1/namespaces/default/configmaps/none', {
      type: 'application/merge-patch+json',
      body: {},
    })
    expect(code).toBe(404)
  })
})
