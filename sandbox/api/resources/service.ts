/** Services: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/ */
import type { Service, ServicePort } from '../../objects.ts'
import { selectorText } from '../../label-selector.ts'
import { allocateClusterIp } from '../cluster-ip.ts'
import { labelProblem, validateLabels } from '../metadata.ts'
import { oneOf, unique, validatePort } from '../pod-spec/field-rules.ts'
import type { ResourceDefinition } from '../resource.ts'
import { type Cause, forbiddenField, invalidValue, required } from '../status.ts'
import { ageColumn, nameColumn } from '../table.ts'

/** The kind Service. */
export const resource: ResourceDefinition<Service> = {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  hasLabelName: true,
  columns: [
    nameColumn,
    { name: 'Type', cell: ({ spec }) => spec.type ?? '' },
    { name: 'Cluster-IP', cell: ({ spec }) => spec.clusterIP ?? '<none>' },
    { name: 'External-IP', cell: () => '<none>' },
    { name: 'Port(s)', cell: ({ spec }) => portsText(spec.ports) },
    ageColumn,
    {
      name: 'Selector',
      wide: true,
      cell: ({ spec }) => selectorText({ matchLabels: spec.selector }) || '<none>',
    },
  ],
  prepareCreate(service) {
    service.status = { loadBalancer: {} }
  },
  prepareUpdate({ spec: next }, { spec: previous }) {
    next.clusterIP ??= previous.clusterIP
    next.clusterIPs ??= previous.clusterIPs
  },
  setDefaults(service) {
    const spec = (service.spec ??= {})
    spec.type ??= 'ClusterIP'
    spec.sessionAffinity ??= 'None'
    spec.internalTrafficPolicy ??= 'Cluster'
    spec.ipFamilies ??= ['IPv4']
    spec.ipFamilyPolicy ??= 'SingleStack'
    for (const port of spec.ports ?? []) {
      port.protocol ??= 'TCP'
      port.targetPort ||= port.port
    }
  },
  admit(service, api, previous) {
    if (!previous && service.spec.type === 'ClusterIP') allocateClusterIp(service, api)
  },
  validate: ({ spec }) => [
    ...refuseUnserved(spec),
    ...validatePorts(spec),
    ...validateLabels(spec.selector, 'spec.selector'),
  ],
  validateUpdate({ spec: next }, { spec: previous }) {
    if (next.clusterIP === previous.clusterIP) return []
    return [invalidValue('spec.clusterIPs[0]', [next.clusterIP], 'may not change once set')]
  },
  selectableFields: ({ spec }) => ({
    'spec.clusterIP': spec?.clusterIP ?? '',
    'spec.type': spec?.type ?? '',
  }),
}

function portsText(ports: readonly ServicePort[] = []): string {
  return ports.map(({ port, protocol }) => `${port}/${protocol}`).join(',') || '<none>'
}

/** Nothing outside the cluster would ever reach the other types here. */
function refuseUnserved({ type, sessionAffinity, externalIPs }: Service['spec']): Cause[] {
  const causes: Cause[] = []
  if (type !== 'ClusterIP') {
    const detail = `the embedded cluster serves Services of type ClusterIP only, not ${type}: reach one with \`kubectl port-forward\`, or start kind with \`npm run cluster up kind\``
    causes.push(forbiddenField('spec.type', detail))
  }
  if (sessionAffinity !== 'None') {
    const detail = 'is not served by the embedded cluster; start kind with `npm run cluster up kind`'
    causes.push(forbiddenField('spec.sessionAffinity', detail))
  }
  if (externalIPs) {
    causes.push(forbiddenField('spec.externalIPs', 'the embedded cluster has no address of its own outside'))
  }
  return causes
}

function validatePorts({ ports = [], clusterIP }: Service['spec']): Cause[] {
  if (ports.length === 0) return clusterIP === 'None' ? [] : [required('spec.ports')]
  return [
    ...ports.flatMap((port, at) => validateServicePort(port, `spec.ports[${at}]`, ports.length > 1)),
    ...unique(
      ports,
      ({ name }) => name,
      (at) => `spec.ports[${at}].name`,
    ),
    ...unique(
      ports,
      ({ port, protocol }) => `${protocol}/${port}`,
      (at) => `spec.ports[${at}]`,
    ),
  ]
}

function validateServicePort(port: ServicePort, field: string, needsName: boolean): Cause[] {
  const causes: Cause[] = []
  const problem = port.name ? labelProblem(port.name) : undefined
  if (needsName && !port.name) causes.push(required(`${field}.name`))
  else if (problem) causes.push(invalidValue(`${field}.name`, port.name, problem))
  causes.push(...validatePort(port.port, `${field}.port`))
  causes.push(...oneOf(`${field}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']))
  if (typeof port.targetPort === 'number')
    causes.push(...validatePort(port.targetPort, `${field}.targetPort`))
  return causes
}
