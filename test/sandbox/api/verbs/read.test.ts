/** Proves lists: selectors, pages, tables. */
import { beforeAll, describe, expect, it } from 'vitest'
import { CONFIG_MAPS } from '#sandbox/client.ts'
import type { ConfigMap } from '#sandbox/objects.ts'
import { type TestApi, createTestApi } from '../../../helpers/test-api.ts'

interface List {
  items: ConfigMap[]
  metadata: { continue?: string; remainingItemCount?: number; resourceVersion: string }
}

let test: TestApi
beforeAll(async () => {
  test = await createTestApi()
  for (const [name, tier] of [
    ['a', 'front'],
    ['b', 'back'],
    ['c', 'back'],
    ['d', undefined],
  ] as const) {
    const metadata = { name, namespace: 'default', labels: { app: 'shop', ...(tier ? { tier } : {}) } }
    await test.client.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata })
  }
})

const names = async (query: string) => {
  const { body } = await test.call<List>('GET', `/api/v1/namespaces/default/configmaps?${query}`)
  return body.items.map(({ metadata }) => metadata.name).join('')
}

describe('a list', () => {
  it.each([
    ['tier=back', 'bc'],
    ['tier==back,app=shop', 'bc'],
    ['tier!=back', 'ad'],
    ['tier in (front, back)', 'abc'],
    ['tier notin (back)', 'ad'],
    ['tier', 'abc'],
    ['!tier', 'd'],
    ['app=other', ''],
  ])('of label selector %s holds %s', async (selector, expected) => {
    expect(await names(`labelSelector=${encodeURIComponent(selector)}`)).toBe(expected)
  })

  it('of a field selector holds what matches, and an unknown field is refused', async () => {
    expect(await names('fieldSelector=metadata.name%3Db')).toBe('b')
    expect(await names('fieldSelector=metadata.name!%3Db')).toBe('acd')
    const { body } = await test.call('GET', '/api/v1/configmaps?fieldSelector=data.x%3D1')
    expect(body).toMatchObject({
      code: 400,
      message:
        'Unable to find "/v1, Resource=configmaps" that match label selector "", field selector "data.x=1": field label not supported: data.x',
    })
  })

  it('comes in pages of limit', async () => {
    const path = '/api/v1/namespaces/default/configmaps?limit=3'
    const first = await test.call<List>('GET', path)
    expect(first.body.items).toHaveLength(3)
    expect(first.body.metadata.remainingItemCount).toBe(1)
    await test.call('POST', path.split('?')[0]!, { body: { metadata: { name: 'aa' } } })
    const second = await test.call<List>('GET', `${path}&continue=${first.body.metadata.continue}`)
    expect(second.body.items.map(({ metadata }) => metadata.name)).toEqual(['d'])
    expect(second.body.metadata.continue).toBeUndefined()
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion)
    expect((await test.call('GET', `${path}&continue=%21`)).code).toBe(400)
    expect(await test.call('GET', path.replace('3', '0.5'))).toMatchObject({
      code: 400,
      body: { message: 'strconv.ParseInt: parsing "0.5": invalid syntax' },
    })
  })

  it('names what is served where something is not', async () => {
    const { code, body } = await test.call('GET', '/apis/batch/v1/namespaces/default/cronjobs')
    expect(code).toBe(404)
    expect(body.message).toMatch(
      /^the server could not find the requested resource: \/apis\/batch\/v1\/namespaces\/default\/cronjobs\. The embedded cluster serves configmaps, .*, replicasets\.apps.*; for the rest run `npm run cluster up kind`$/,
    )
    expect((await test.call('PATCH', '/api/v1/configmaps')).code).toBe(405)
  })
})
