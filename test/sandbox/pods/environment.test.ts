/** Proves what a container's argv and environment are made of. */
import { describe, expect, it } from 'vitest'
import { KubernetesClient } from '#sandbox/client.ts'
import type { Container, Pod } from '#sandbox/objects.ts'
import { containerArgv, containerEnvironment, expand } from '#sandbox/pods/environment.ts'

const IMAGE = { entrypoint: ['entry'], cmd: ['cmd'] }
const pod = {
  metadata: { name: 'web', namespace: 'lesson', uid: 'u-1', labels: { app: 'shop' }, annotations: {} },
  spec: { nodeName: 'sidecar-node', containers: [] },
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
const allocatable = { cpu: '4', memory: '8000Ki' }
const context = { client, podIp: '10.244.0.2', hostIp: '10.244.0.1', allocatable }

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
  it('takes Services, then envFrom, then env, the later one winning', async () => {
    expect(
      await ownEnvironment({
        envFrom: [{ configMapRef: { name: 'settings' }, prefix: 'APP_' }, { secretRef: { name: 'login' } }],
        env: [
          { name: 'APP_LEVEL', value: '' },
          { name: 'SUM', value: '$(APP_SIZE)+$(PASSWORD) at $(KUBERNETES_SERVICE_HOST), $(PATH)' },
        ],
      }),
    ).toEqual({ APP_LEVEL: '', APP_SIZE: '3', PASSWORD: 'secret', SUM: '3+secret at 10.96.0.1, $(PATH)' })
  })

  it('tells where the API server and the Services of the namespace are', async () => {
    expect(await environment({})).toEqual({
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      KUBERNETES_SERVICE_PORT: '443',
      KUBERNETES_SERVICE_PORT_HTTPS: '443',
      KUBERNETES_PORT: 'tcp://10.96.0.1:443',
      KUBERNETES_PORT_443_TCP: 'tcp://10.96.0.1:443',
      KUBERNETES_PORT_443_TCP_PROTO: 'tcp',
      KUBERNETES_PORT_443_TCP_PORT: '443',
      KUBERNETES_PORT_443_TCP_ADDR: '10.96.0.1',
    })
    objects['/api/v1/namespaces/lesson/services'] = {
      metadata: { resourceVersion: '1' },
      items: [
        { metadata: { name: 'my-shop' }, spec: { clusterIP: '10.96.0.7', ports: [{ port: 80 }] } },
        { metadata: { name: 'headless' }, spec: { clusterIP: 'None', ports: [{ port: 80 }] } },
      ],
    }
    const env = await environment({})
    delete objects['/api/v1/namespaces/lesson/services']
    expect(Object.keys(env).filter((name) => !name.startsWith('KUBERNETES'))).toEqual([
      'MY_SHOP_SERVICE_HOST',
      'MY_SHOP_SERVICE_PORT',
      'MY_SHOP_PORT',
      'MY_SHOP_PORT_80_TCP',
      'MY_SHOP_PORT_80_TCP_PROTO',
      'MY_SHOP_PORT_80_TCP_PORT',
      'MY_SHOP_PORT_80_TCP_ADDR',
    ])
  })

  it.each([
    ['limits.cpu', undefined, '2'],
    ['limits.cpu', '1m', '1100'],
    ['requests.cpu', '1m', '0'],
    ['limits.memory', '1Mi', '8'],
    ['requests.memory', '1Mi', '64'],
    ['requests.memory', undefined, '67108864'],
  ])('counts %s in %s: %s', async (resource, divisor, value) => {
    const resources = { limits: { cpu: '1.1' }, requests: { memory: '64Mi' } }
    const source = from({ resourceFieldRef: { resource, ...(divisor ? { divisor } : {}) } })
    expect(await ownEnvironment({ resources, env: [source] })).toEqual({ A: value })
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
    const found = Object.values(await ownEnvironment({ env }))
    expect(found).toEqual(['web', 'lesson', 'shop', '10.244.0.2', 'sidecar-node'])
  })

  it('leaves out what is optional and missing', async () => {
    const keys = { name: 'nope', key: 'A', optional: true }
    expect(
      await ownEnvironment({
        envFrom: [{ configMapRef: { name: 'nope', optional: true } }],
        env: [{ name: 'A', valueFrom: { configMapKeyRef: keys } }],
      }),
    ).toEqual({})
  })

  it.each([
    [{ envFrom: [{ configMapRef: { name: 'nope' } }] }, 'configmap "nope" not found'],
    [{ env: [from({ secretKeyRef: { name: 'nope', key: 'A' } })] }, 'secret "nope" not found'],
    [
      { env: [from({ configMapKeyRef: { name: 'settings', key: 'A' } })] },
      "couldn't find key A in ConfigMap lesson/settings",
    ],
    [{ env: [from({ fieldRef: { fieldPath: 'spec.hostname' } })] }, 'unsupported fieldPath: spec.hostname'],
    [
      { env: [from({ resourceFieldRef: { resource: 'limits.gpu' } })] },
      'unsupported container resource : limits.gpu',
    ],
    [
      { env: [from({ resourceFieldRef: { resource: 'limits.cpu', containerName: 'nope' } })] },
      'container nope not found',
    ],
  ])('of %j is refused: %s', async (part, message) => {
    await expect(environment(part)).rejects.toThrow(message)
  })
})

function environment(part: Partial<Container>) {
  return containerEnvironment(pod, { name: 'app', ...part }, context)
}

/** Without what every container is told. */
async function ownEnvironment(part: Partial<Container>) {
  const all = Object.entries(await environment(part))
  return Object.fromEntries(all.filter(([name]) => !name.startsWith('KUBERNETES_')))
}

function from(valueFrom: NonNullable<NonNullable<Container['env']>[number]['valueFrom']>) {
  return { name: 'A', valueFrom }
}
