/** Proves that containers can be added to a pod that runs, and nothing else. */
import { expect, it } from 'vitest'
import { PODS } from '#sandbox/client.ts'
import { type TestApi, createTestApi, podManifest } from '../../../helpers/test-api.ts'

const PATH = '/api/v1/namespaces/default/pods/web/ephemeralcontainers'
const type = 'application/strategic-merge-patch+json'

it('a container is added, completed, and stays', async () => {
  const test = await createTestApi()
  await test.client.create(PODS, podManifest('web'))
  const added = await add(test, {
    name: 'debugger',
    image: 'busybox',
    stdin: true,
    targetContainerName: 'app',
  })
  expect(added.code).toBe(200)
  const { spec } = await test.client.get(PODS, { namespace: 'default', name: 'web' })
  expect(spec.ephemeralContainers).toMatchObject([
    { name: 'debugger', image: 'busybox', imagePullPolicy: 'Always', targetContainerName: 'app' },
  ])
  expect((await add(test, { name: 'second', image: 'busybox' })).code).toBe(200)
  const changed = await add(test, { name: 'debugger', image: 'other' })
  expect(changed.body.message).toContain('existing ephemeral containers "debugger" may not be changed')
})

it.each([
  [{ name: 'app', image: 'a' }, 'spec.ephemeralContainers[0].name: Duplicate value: "app"'],
  [{ name: 'x' }, 'spec.ephemeralContainers[0].image: Required value'],
  [{ name: 'x', image: 'a', targetContainerName: 'b' }, 'targetContainerName: Not found: "b"'],
  [
    { name: 'x', image: 'a', lifecycle: { preStop: { sleep: { seconds: 1 } } } },
    'lifecycle: Forbidden: cannot be set for an Ephemeral Container',
  ],
])('%j is refused', async (container, text) => {
  const test = await createTestApi()
  await test.client.create(PODS, podManifest('web'))
  const { code, body } = await add(test, container)
  expect(code).toBe(422)
  expect(body.message).toContain(text)
})

function add(test: TestApi, container: Record<string, unknown>) {
  return test.call('PATCH', PATH, { body: { spec: { ephemeralContainers: [container] } }, type })
}
