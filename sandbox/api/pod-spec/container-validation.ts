/** What is wrong with the containers of a pod. */
import type { Container, ContainerPort, EnvVar, PodSpec } from 'kubernetes-types/core/v1.d.ts'
import { quantityValue } from '../../quantity.ts'
import { labelProblem } from '../metadata.ts'
import {
  type Cause,
  absent,
  duplicate,
  forbiddenField,
  invalidValue,
  required,
  unsupported,
} from '../status.ts'
import { oneOf, unique, validatePort, validateRelativePath } from './field-rules.ts'
import { validateHook, validateProbes } from './probe-validation.ts'

/** Checks the containers and init containers of a spec that stands at `field`. */
export function validateContainers(spec: PodSpec, field: string): Cause[] {
  const { containers = [], initContainers = [] } = spec
  const volumes = new Set((spec.volumes ?? []).map((volume) => volume.name))
  if (containers.length === 0) return [required(`${field}.containers`)]
  const names = new Set(containers.map((container) => container.name))
  return [
    ...containers.flatMap((container, at) => {
      const place = `${field}.containers[${at}]`
      const restart = container.restartPolicy
        ? [forbiddenField(`${place}.restartPolicy`, 'may not be set for non-init containers')]
        : []
      return [
        ...validateContainer(container, place, volumes),
        ...restart,
        ...validateProbes(container, place),
      ]
    }),
    ...unique(
      containers,
      (container) => container.name,
      (at) => `${field}.containers[${at}].name`,
    ),
    ...initContainers.flatMap((container, at) => {
      const place = `${field}.initContainers[${at}]`
      const taken = names.has(container.name) ? [duplicate(`${place}.name`, container.name)] : []
      return [...validateContainer(container, place, volumes), ...taken, ...validateInit(container, place)]
    }),
    ...unique(
      initContainers,
      (container) => container.name,
      (at) => `${field}.initContainers[${at}].name`,
    ),
  ]
}

/** https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/ */
function validateInit(container: Container, field: string): Cause[] {
  const { restartPolicy } = container
  if (restartPolicy === 'Always') return validateProbes(container, field)
  if (restartPolicy !== undefined) return [unsupported(`${field}.restartPolicy`, restartPolicy, ['Always'])]
  const parts = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const
  return parts
    .filter((part) => container[part] !== undefined)
    .map((part) =>
      forbiddenField(`${field}.${part}`, 'may not be set for init containers without restartPolicy=Always'),
    )
}

function validateContainer(container: Container, field: string, volumes: ReadonlySet<string>): Cause[] {
  const causes: Cause[] = []
  const problem = container.name ? labelProblem(container.name) : undefined
  if (!container.name) causes.push(required(`${field}.name`))
  else if (problem) causes.push(invalidValue(`${field}.name`, container.name, problem))
  if (!container.image) causes.push(required(`${field}.image`))
  else if (container.image.trim() !== container.image) {
    causes.push(
      invalidValue(`${field}.image`, container.image, 'must not have leading or trailing whitespace'),
    )
  }
  causes.push(
    ...oneOf(`${field}.terminationMessagePolicy`, container.terminationMessagePolicy, [
      'File',
      'FallbackToLogsOnError',
    ]),
    ...(container.image
      ? oneOf(`${field}.imagePullPolicy`, container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'])
      : []),
    ...validatePorts(container.ports ?? [], `${field}.ports`),
    ...(container.env ?? []).flatMap((variable, at) => validateEnv(variable, `${field}.env[${at}]`)),
    ...validateMounts(container, `${field}.volumeMounts`, volumes),
    ...validateResources(container, `${field}.resources`),
    ...validateHook(container.lifecycle?.postStart, `${field}.lifecycle.postStart`),
    ...validateHook(container.lifecycle?.preStop, `${field}.lifecycle.preStop`),
  )
  return causes
}

function validatePorts(ports: readonly ContainerPort[], field: string): Cause[] {
  const causes = ports.flatMap((port, at) => {
    const place = `${field}[${at}]`
    const found: Cause[] = []
    if (port.name && (port.name.length > 15 || !/^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/.test(port.name))) {
      const text =
        port.name.length > 15
          ? 'must be no more than 15 characters'
          : "must contain only alpha-numeric characters (a-z, 0-9), and hyphens ('-')"
      found.push(invalidValue(`${place}.name`, port.name, text))
    }
    if (!port.containerPort) found.push(required(`${place}.containerPort`))
    else found.push(...validatePort(port.containerPort, `${place}.containerPort`))
    return [...found, ...oneOf(`${place}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP'])]
  })
  return [
    ...causes,
    ...unique(
      ports,
      (port) => port.name,
      (at) => `${field}[${at}].name`,
    ),
  ]
}

function validateEnv(variable: EnvVar, field: string): Cause[] {
  const causes: Cause[] = []
  if (!variable.name) causes.push(required(`${field}.name`))
  else if (!/^[\x20-\x3c\x3e-\x7e]+$/.test(variable.name)) {
    const text =
      "a valid environment variable name must consist only of printable ASCII characters other than '='"
    causes.push(invalidValue(`${field}.name`, variable.name, text))
  }
  if (variable.valueFrom) {
    const sources = Object.keys(variable.valueFrom)
    const place = `${field}.valueFrom`
    if (sources.length === 0)
      causes.push(
        invalidValue(
          place,
          '',
          'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
        ),
      )
    if (variable.value) causes.push(invalidValue(place, '', 'may not be specified when `value` is not empty'))
    if (sources.length > 1)
      causes.push(invalidValue(place, '', 'may not have more than one field specified at a time'))
  }
  return causes
}

function validateMounts(container: Container, field: string, volumes: ReadonlySet<string>): Cause[] {
  const paths = new Set<string>()
  return (container.volumeMounts ?? []).flatMap((mount, at) => {
    const place = `${field}[${at}]`
    const causes: Cause[] = []
    if (!mount.name) causes.push(required(`${place}.name`))
    else if (!volumes.has(mount.name)) causes.push(absent(`${place}.name`, mount.name))
    if (!mount.mountPath) causes.push(required(`${place}.mountPath`))
    else if (paths.has(mount.mountPath)) {
      causes.push(invalidValue(`${place}.mountPath`, mount.mountPath, 'must be unique'))
    }
    paths.add(mount.mountPath)
    if (mount.subPath) causes.push(...validateRelativePath(mount.subPath, `${place}.subPath`))
    return causes
  })
}

function validateResources(container: Container, field: string): Cause[] {
  const { limits = {}, requests = {} } = container.resources ?? {}
  const causes: Cause[] = []
  for (const [list, amounts] of Object.entries({ limits, requests })) {
    for (const [name, amount] of Object.entries(amounts)) {
      if (quantityValue(amount) < 0) {
        causes.push(invalidValue(`${field}.${list}[${name}]`, amount, 'must be greater than or equal to 0'))
      }
    }
  }
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name]
    if (limit !== undefined && quantityValue(request) > quantityValue(limit)) {
      causes.push(
        invalidValue(`${field}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`),
      )
    }
  }
  return causes
}
