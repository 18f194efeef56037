/** Objects that the API server would take: what the hostile ones are made from. */
import { type ResourceDefinition, apiVersionOf } from '#sandbox/api/resource.ts'
import type { Random } from '../../../helpers/random.ts'

/** Few, so that requests meet the same objects. */
export const OBJECT_NAMES = ['a', 'b', 'c', 'default', 'sidecar-node', 'kubernetes']

/** A whole object of any kind that is served. */
export function objectOf(random: Random, resource: ResourceDefinition): Record<string, unknown> {
  const name = random.pick(OBJECT_NAMES)
  const metadata = {
    name,
    labels: { app: 'a' },
    annotations: {},
    finalizers: random.pick([undefined, ['x.y/z']]),
  }
  const extra = BODIES[resource.kind]?.(random) ?? { spec: {} }
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...extra }
}

const CONTAINER = {
  name: 'app',
  image: 'busybox',
  command: ['sh', '-c', 'sleep 1'],
  env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } }],
  ports: [{ containerPort: 80, name: 'http' }],
  resources: { limits: { memory: '64Mi', cpu: '100m' } },
  livenessProbe: { exec: { command: ['true'] }, periodSeconds: 1 },
  lifecycle: { preStop: { sleep: { seconds: 1 } } },
  volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 'x' }],
}
const VOLUMES = [
  { name: 'v', configMap: { name: 'a', items: [{ key: 'k', path: 'p' }], optional: true } },
  {
    name: 'w',
    projected: { sources: [{ serviceAccountToken: { path: 'token' } }, { secret: { name: 'a' } }] },
  },
  { name: 'd', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
  { name: 'e', emptyDir: { sizeLimit: '1Mi' } },
]
const POD = {
  initContainers: [{ name: 'side', image: 'busybox', restartPolicy: 'Always' }],
  containers: [CONTAINER],
  volumes: VOLUMES,
  terminationGracePeriodSeconds: 0,
}
const TEMPLATE = { metadata: { labels: { app: 'a' } }, spec: POD }
const SELECTOR = {
  matchLabels: { app: 'a' },
  matchExpressions: [{ key: 'app', operator: 'In', values: ['a'] }],
}

const BODIES: Record<string, (random: Random) => Record<string, unknown>> = {
  Pod: () => ({
    spec: { ...POD, nodeName: 'sidecar-node' },
    status: { phase: 'Running', containerStatuses: [{ name: 'app', restartCount: 1 }] },
  }),
  Deployment: (random) => ({
    spec: { replicas: random.int(3), selector: SELECTOR, template: TEMPLATE, strategy: {} },
  }),
  ReplicaSet: (random) => ({ spec: { replicas: random.int(3), selector: SELECTOR, template: TEMPLATE } }),
  Job: () => ({
    spec: { template: { ...TEMPLATE, spec: { ...POD, restartPolicy: 'Never' } }, backoffLimit: 1 },
  }),
  DaemonSet: () => ({ spec: { selector: SELECTOR, template: TEMPLATE } }),
  Service: () => ({ spec: { selector: { app: 'a' }, ports: [{ port: 80, targetPort: 'http' }] } }),
  ConfigMap: () => ({ data: { k: 'v', 'a.b': '' }, binaryData: { b: 'AA==' } }),
  Secret: () => ({ data: { k: 'dg==' }, stringData: { s: 't' }, type: 'Opaque' }),
  Event: () => ({
    involvedObject: { kind: 'Pod', name: 'a', namespace: 'default' },
    reason: 'R',
    message: 'm',
    count: 1,
  }),
  EndpointSlice: () => ({
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'] }],
    ports: [{ port: 80 }],
  }),
}
