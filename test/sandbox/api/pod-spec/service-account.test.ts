/** Proves that pods get the token of their ServiceAccount, unless somebody says no. */
import { beforeEach, expect, it } from 'vitest'
import { CONFIG_MAPS, PODS } from '#sandbox/client.ts'
import { type TestApi, createTestApi, podManifest } from '../../../helpers/test-api.ts'

const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts'
let test: TestApi

beforeEach(async () => {
  test = await createTestApi()
  const metadata = { namespace: 'default', name: 'kube-root-ca.crt' }
  await test.client.create(CONFIG_MAPS, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata,
    data: { 'ca.crt': 'x' },
  })
  for (const name of ['default', 'robot']) await test.call('POST', ACCOUNTS, { body: { metadata: { name } } })
})

it('a pod has token, certificate and namespace in every container', async () => {
  const initContainers = [{ name: 'side', image: 'a:1', restartPolicy: 'Always' }]
  const { spec } = await test.client.create(PODS, podManifest('web', { initContainers }))
  const [volume] = spec.volumes!
  expect(volume).toMatchObject({ name: expect.stringMatching(/^kube-api-access-\w{5}$/) as string })
  expect(volume!.projected!.sources!.map((source) => Object.keys(source)[0])).toEqual([
    'serviceAccountToken',
    'configMap',
    'downwardAPI',
  ])
  const mounts = [
    { name: volume!.name, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
  ]
  expect([...spec.initContainers!, ...spec.containers].map(({ volumeMounts }) => volumeMounts)).toEqual([
    mounts,
    mounts,
  ])
})

it('a pod has none when it, or its account, does not want one', async () => {
  const refused = await test.client.create(PODS, podManifest('web', { automountServiceAccountToken: false }))
  expect(refused.spec.volumes).toBeUndefined()
  await test.call('PATCH', `${ACCOUNTS}/robot`, {
    body: { automountServiceAccountToken: false },
    type: 'application/merge-patch+json',
  })
  const robot = await test.client.create(PODS, podManifest('two', { serviceAccountName: 'robot' }))
  expect(robot.spec.volumes).toBeUndefined()
})

it('a pod of an account that is not there is refused', async () => {
  const creating = test.client.create(PODS, podManifest('web', { serviceAccountName: 'nobody' }))
  await expect(creating).rejects.toThrow(
    'pods "web" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found',
  )
})
