/** Proves the words in which a wrong pod is refused. */
import { expect, it } from 'vitest'
import { createTestApi, podManifest } from '../../../helpers/test-api.ts'

const image = 'busybox:1.36'
const app = { name: 'app', image }

/** What is wrong, and how it is said. */
const WRONG: [string, Record<string, unknown>, string][] = [
  ['no container', { containers: [] }, 'spec.containers: Required value'],
  ['no image', { containers: [{ name: 'app' }] }, 'spec.containers[0].image: Required value'],
  ['no name', { containers: [{ image }] }, 'spec.containers[0].name: Required value'],
  [
    'a bad name',
    { containers: [{ name: 'App', image }] },
    `spec.containers[0].name: Invalid value: "App": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`,
  ],
  ['a name twice', { containers: [app, app] }, 'spec.containers[1].name: Duplicate value: "app"'],
  [
    'the name of an init container taken',
    { containers: [app], initContainers: [app] },
    'spec.initContainers[0].name: Duplicate value: "app"',
  ],
  [
    'an unknown restartPolicy',
    { containers: [app], restartPolicy: 'Sometimes' },
    'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
  ],
  [
    'a restartPolicy of a main container',
    { containers: [{ ...app, restartPolicy: 'Always' }] },
    'spec.containers[0].restartPolicy: Forbidden: may not be set for non-init containers',
  ],
  [
    'a sidecar that never restarts',
    { containers: [app], initContainers: [{ name: 'side', image, restartPolicy: 'Never' }] },
    'spec.initContainers[0].restartPolicy: Unsupported value: "Never": supported values: "Always"',
  ],
  [
    'a probe of a plain init container',
    {
      containers: [app],
      initContainers: [{ name: 'init', image, readinessProbe: { exec: { command: ['true'] } } }],
    },
    'spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
  ],
  [
    'a mount of no volume',
    { containers: [{ ...app, volumeMounts: [{ name: 'x', mountPath: '/x' }] }] },
    'spec.containers[0].volumeMounts[0].name: Not found: "x"',
  ],
  [
    'two mounts at one path',
    {
      containers: [
        {
          ...app,
          volumeMounts: [
            { name: 'v', mountPath: '/x' },
            { name: 'v', mountPath: '/x' },
          ],
        },
      ],
      volumes: [{ name: 'v' }],
    },
    'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/x": must be unique',
  ],
  [
    'a mount at no path',
    { containers: [{ ...app, volumeMounts: [{ name: 'v' }] }], volumes: [{ name: 'v' }] },
    'spec.containers[0].volumeMounts[0].mountPath: Required value',
  ],
  [
    'a volume twice',
    { containers: [app], volumes: [{ name: 'v' }, { name: 'v' }] },
    'spec.volumes[1].name: Duplicate value: "v"',
  ],
  [
    'a volume of two kinds',
    { containers: [app], volumes: [{ name: 'v', emptyDir: {}, configMap: { name: 'c' } }] },
    'spec.volumes[0].configMap: Forbidden: may not specify more than 1 volume type',
  ],
  [
    'a port out of range',
    { containers: [{ ...app, ports: [{ containerPort: 70000 }] }] },
    'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
  ],
  [
    'a probe that does nothing',
    { containers: [{ ...app, livenessProbe: { periodSeconds: 5 } }] },
    'spec.containers[0].livenessProbe: Required value: must specify a handler type',
  ],
  [
    'a liveness probe that must succeed twice',
    { containers: [{ ...app, livenessProbe: { exec: { command: ['true'] }, successThreshold: 2 } }] },
    'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
  ],
  [
    'more requested than allowed',
    { containers: [{ ...app, resources: { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } } }] },
    'spec.containers[0].resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi',
  ],
]

it.each(WRONG)('a pod with %s is refused', async (_title, spec, message) => {
  const test = await createTestApi()
  const { code, body } = await test.call('POST', '/api/v1/namespaces/default/pods', {
    body: podManifest('web', spec),
  })
  expect([code, body.message]).toEqual([422, `Pod "web" is invalid: ${message}`])
  expect(body.details?.causes).toHaveLength(1)
})

it('several mistakes are told at once', async () => {
  const test = await createTestApi()
  const { body } = await test.call('POST', '/api/v1/namespaces/default/pods', {
    body: podManifest('Web!', { containers: [{ name: 'app' }], restartPolicy: 'x' }),
  })
  expect(body.details?.causes?.map(({ field }) => field)).toEqual([
    'metadata.name',
    'spec.containers[0].image',
    'spec.restartPolicy',
  ])
})
