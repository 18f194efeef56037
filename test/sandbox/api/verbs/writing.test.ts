/** Proves create, update and dry run. */
import { beforeEach, describe, expect, it } from 'vitest'
import { CONFIG_MAPS, PODS } from '#sandbox/client.ts'
import type { Pod } from '#sandbox/objects.ts'
import { type TestApi, createTestApi, podManifest } from '../../../helpers/test-api.ts'

const PATH = '/api/v1/namespaces/default/pods'

let test: TestApi
beforeEach(async () => {
  test = await createTestApi()
})

describe('create', () => {
  it('completes a pod as Kubernetes does', async () => {
    const { code, body } = await test.call<Pod>('POST', PATH, { body: podManifest('web') })
    expect(code).toBe(201)
    expect(body.metadata).toMatchObject({
      name: 'web',
      namespace: 'default',
      generation: 1,
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      creationTimestamp: expect.stringMatching(/Z$/) as string,
    })
    expect(body.spec).toEqual({
      containers: [
        {
          name: 'app',
          image: 'busybox:1.36',
          imagePullPolicy: 'IfNotPresent',
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
      priority: 0,
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      securityContext: {},
      serviceAccount: 'default',
      serviceAccountName: 'default',
      terminationGracePeriodSeconds: 30,
      tolerations: ['not-ready', 'unreachable'].map((key) => ({
        effect: 'NoExecute',
        key: `node.kubernetes.io/${key}`,
        operator: 'Exists',
        tolerationSeconds: 300,
      })),
    })
    expect(body.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' })
  })

  it('makes up the end of a generateName', async () => {
    const { metadata } = await test.client.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { generateName: 'code-', namespace: 'default' },
    })
    expect(metadata.name).toMatch(/^code-[a-z0-9]{5}$/)
  })

  it('refuses a name that is taken, a namespace that is not there, and a foreign kind', async () => {
    await test.client.create(PODS, podManifest('web'))
    const answers = [
      await test.call('POST', PATH, { body: podManifest('web') }),
      await test.call('POST', '/api/v1/namespaces/nowhere/configmaps', { body: { metadata: { name: 'a' } } }),
      await test.call('POST', PATH, {
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } },
      }),
      await test.call('POST', PATH, { body: { ...podManifest('a'), apiVersion: 'v2' } }),
      await test.call('POST', '/api/v1/namespaces/kube-system/pods', { body: podManifest('a') }),
    ]
    expect(answers.map(({ code, body }) => `${code} ${body.reason}: ${body.message}`)).toMatchInlineSnapshot(`
      [
        "409 AlreadyExists: pods "web" already exists",
        "404 NotFound: namespaces "nowhere" not found",
        "400 BadRequest: ConfigMap in version "v1" cannot be handled as a Pod",
        "400 BadRequest: the API version in the data (v2) does not match the expected API version (v1)",
        "400 BadRequest: the namespace of the provided object does not match the namespace sent on the request",
      ]
    `)
  })

  it('stores nothing on a dry run', async () => {
    const { code } = await test.call('POST', `${PATH}?dryRun=All`, { body: podManifest('web') })
    expect(code).toBe(201)
    expect(await test.client.find(PODS, { namespace: 'default', name: 'web' })).toBeUndefined()
  })

  it('refuses unknown fields when strict, tells them when asked to warn, drops them always', async () => {
    const body = podManifest('web', { containers: [{ name: 'app', image: 'a:1', imagee: 'x' }], foo: 1 })
    const strict = await test.call('POST', `${PATH}?fieldValidation=Strict`, { body })
    expect(strict.body).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message:
        'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].imagee", unknown field "spec.foo"',
    })
    const warned = await test.call<Pod>('POST', `${PATH}?fieldValidation=Warn`, { body })
    expect(warned.code).toBe(201)
    expect(warned.headers.get('warning')).toContain('299 - "unknown field \\"spec.foo\\""')
    expect(warned.body.spec).not.toHaveProperty('foo')
  })

  it('says of a wrong type what Go would', async () => {
    const wrong = async (spec: unknown) =>
      (await test.call('POST', PATH, { body: podManifest('web', spec as Record<string, unknown>) })).body
        .message
    const container = (more: object) => ({ containers: [{ name: 'app', image: 'a:1', ...more }] })
    expect([
      await wrong(container({ ports: [{ containerPort: 'http' }] })),
      await wrong(container({ env: [{ name: 'A', value: 1 }] })),
      await wrong(container({ command: 'sh' })),
      await wrong({ containers: {} }),
      await wrong(container({ resources: { limits: { memory: '1 GB' } } })),
      await wrong({ terminationGracePeriodSeconds: 1.5 }),
    ]).toMatchInlineSnapshot(`
      [
        "Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
        "Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string",
        "Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field Container.spec.containers.command of type []string",
        "Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
        "Pod in version "v1" cannot be handled as a Pod: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        "Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64",
      ]
    `)
  })

  it('refuses a body that is broken, too large or of an unknown type', async () => {
    const answers = [
      await test.call('POST', PATH, { body: '{"kind": ' }),
      await test.call('POST', PATH, { body: '[]' }),
      await test.call('POST', PATH, { body: `{"a":"${'x'.repeat(4_000_000)}"}` }),
      await test.call('POST', PATH, { body: 'kind: Pod', type: 'text/plain' }),
      await test.call('POST', PATH, { body: '{"apiVersion":[{"toString":1}]}' }),
      await test.call('POST', PATH, { body: '{"kind":{"toString":1}}' }),
    ]
    expect(answers.map(({ code, body }) => `${code} ${body.message}`)).toMatchInlineSnapshot(`
      [
        "400 the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: Unexpected end of JSON input",
        "400 the body of the request is no Pod",
        "413 Request entity too large: limit is 3145728",
        "415 the body of the request was in an unknown format - accepted media types include: application/json, application/vnd.kubernetes.protobuf",
        "400 the API version in the data ([{"toString":1}]) does not match the expected API version (v1)",
        "400 {"toString":1} in version "v1" cannot be handled as a Pod",
      ]
    `)
  })
})

describe('update', () => {
  it('refuses a stale resourceVersion and a changed uid', async () => {
    const pod = await test.client.create(PODS, podManifest('web'))
    await test.client.replace(PODS, { ...pod, metadata: { ...pod.metadata, labels: { a: 'b' } } })
    const stale = await test.call('PUT', `${PATH}/web`, { body: pod })
    expect(stale.body).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on pods "web": the object has been modified; please apply your changes to the latest version and try again',
    })
    const { resourceVersion: _, ...metadata } = pod.metadata
    const foreign = await test.call('PUT', `${PATH}/web`, {
      body: { ...pod, metadata: { ...metadata, uid: 'x' } },
    })
    expect(foreign.code).toBe(409)
  })

  it('leaves the status to the status subresource, and the spec to the object', async () => {
    const pod = await test.client.create(PODS, podManifest('web'))
    const changed = structuredClone({ ...pod, status: { ...pod.status, phase: 'Running' } })
    changed.spec.containers[0]!.image = 'busybox:2'
    const viaStatus = await test.client.replace(PODS, changed, 'status')
    expect(viaStatus.status.phase).toBe('Running')
    expect(viaStatus.spec.containers[0]!.image).toBe('busybox:1.36')
    const back = { ...changed, metadata: viaStatus.metadata, status: { phase: 'Failed' } } as Pod
    const viaObject = await test.client.replace(PODS, back)
    expect(viaObject.status.phase).toBe('Running')
    expect(viaObject.spec.containers[0]!.image).toBe('busybox:2')
    expect(viaObject.metadata.generation).toBe(2)
  })

  it('makes no new version when nothing changed', async () => {
    const pod = await test.client.create(PODS, podManifest('web'))
    const same = await test.client.replace(PODS, pod)
    expect(same.metadata.resourceVersion).toBe(pod.metadata.resourceVersion)
  })

  it('refuses what a pod may not change, in Kubernetes’ words', async () => {
    await test.client.create(PODS, podManifest('web'))
    const { code, body } = await test.call('PATCH', `${PATH}/web`, {
      type: 'application/strategic-merge-patch+json',
      body: { spec: { containers: [{ name: 'app', command: ['sh'] }] } },
    })
    expect(code).toBe(422)
    expect(body.message).toMatchInlineSnapshot(`
      "Pod "web" is invalid: spec: Forbidden: pod updates may not change fields other than \`spec.containers[*].image\`,\`spec.initContainers[*].image\`,\`spec.activeDeadlineSeconds\`,\`spec.tolerations\` (only additions to existing tolerations),\`spec.terminationGracePeriodSeconds\` (allow it to be set to 1 if it was previously negative)
      + spec.containers[0].command: ["sh"]
      "
    `)
    expect(body.details).toMatchObject({
      kind: 'Pod',
      causes: [{ reason: 'FieldValueForbidden', field: 'spec' }],
    })
  })
})
