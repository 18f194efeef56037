/** Proves what a container's argv and environment are made of. */
import { describe, expect, it } from 'vitest'
import { KubernetesClient } from '#sandbox/client.ts'
import type { Container, Pod } from '#sandbox/objects.ts'
import { containerArgv, containerEnvironment, expand } from '#sandbox/pods/environment.ts'

const IMAGE = { entrypoint: ['entry'], cmd: ['cmd'] }
const pod = {
  metadata: { name: 'web', namespace: 'lesson', uid: 'u-1', labels: { app: 'shop' }, annotations: {} },
  spec: { nodeName: 'sidecar-node' },
} as unknown as Pod
const objects: Record<string, object> = {
  '/api/v1/namespaces/lesson/configmaps/settings': { data: { LEVEL: 'debug', SIZE: '3' } },
  '/api/v1/namespaces/lesson/secrets/login': { data: { PASSWORD: 'c2VjcmV0' } },
}
const client = new KubernetesClient(async (request) => {
  const { pathname } = new URL(request.url)
  const object = objects[pathname]
  if (object) return Response.json(object)
  return Response.json(
    { kind: 'Status', reason: 'NotFound', message: 'not found', code: 404 },
    { status: 404 },
  )
})
const context = { client, podIp: '10.244.0.2', hostIp: '10.244.0.1' }

describe('the argv of a container', () => {
  it.each([
    [undefined, undefined, ['entry', 'cmd']],
    [['mine'], undefined, ['mine']],
    [undefined, ['one'], ['entry', 'one']],
    [['mine'], ['one'], ['mine', 'one']],
  ])('with command %j and args %j is %j', (command, args, argv) => {
    expect(containerArgv({ name: 'app', command, args }, IMAGE, {})).toEqual(argv)
  })

  it('has variables expanded in the manifest’s words, not in the image’s', () => {
    const argv = containerArgv({ name: 'app', args: ['$(A)'] }, { entrypoint: ['$(A)'], cmd: [] }, { A: '1' })
    expect(argv).toEqual(['$(A)', '1'])
  })
})

describe('expansion', () => {
  it.each([
    ['$(A)-$(B)', '1-2'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$(NOPE) $A $', '$(NOPE) $A $'],
  ])('turns %s into %s', (text, expanded) => {
    expect(expand(text, { A: '1', B: '2' })).toBe(expanded)
  })
})

describe('the environment of a container', () => {
  it('takes the image’s, then envFrom, then env, the later one winning', async () => {
    expect(
      await environment({
        envFrom: [{ configMapRef: { name: 'settings' }, prefix: 'APP_' }, { secretRef: { name: 'login' } }],
        env: [
          { name: 'PATH', value: '/mine' },
          { name: 'SUM', value: '$(APP_SIZE)+$(PASSWORD)' },
        ],
      }),
    ).toEqual({ PATH: '/mine', APP_LEVEL: 'debug', APP_SIZE: '3', PASSWORD: 'secret', SUM: '3+secret' })
  })

  it('reads fields of the pod', async () => {
    const paths = [
      'metadata.name',
      'metadata.namespace',
      "metadata.labels['app']",
      'status.podIP',
      'spec.nodeName',
    ]
    const env = paths.map((fieldPath, index) => ({
      name: `F${index}`,
      valueFrom: { fieldRef: { fieldPath } },
    }))
    const found = Object.values(await environment({ env })).slice(1)
    expect(found).toEqual(['web', 'lesson', 'shop', '10.244.0.2', 'sidecar-node'])
  })

  it('leaves out what is optional and missing', async () => {
    const keys = { name: 'nope', key: 'A', optional: true }
    expect(
      await environment({
        envFrom: [{ configMapRef: { name: 'nope', optional: true } }],
        env: [{ name: 'A', valueFrom: { configMapKeyRef: keys } }],
      }),
    ).toEqual({ PATH: '/bin' })
  })

  it.each([
    [{ envFrom: [{ configMapRef: { name: 'nope' } }] }, 'configmap "nope" not found'],
    [{ env: [from({ secretKeyRef: { name: 'nope', key: 'A' } })] }, 'secret "nope" not found'],
    [
      { env: [from({ configMapKeyRef: { name: 'settings', key: 'A' } })] },
      "couldn't find key A in ConfigMap lesson/settings",
    ],
  ])('of %j is refused: %s', async (part, message) => {
    await expect(environment(part)).rejects.toThrow(message)
  })
})

function environment(part: Partial<Container>) {
  return containerEnvironment(pod, { name: 'app', ...part }, { PATH: '/bin' }, context)
}

function from(valueFrom: NonNullable<NonNullable<Container['env']>[number]['valueFrom']>) {
  return { name: 'A', valueFrom }
}
