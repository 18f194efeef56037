/** What is wrong with probes and lifecycle hooks. */
import type { Container, LifecycleHandler, Probe } from 'kubernetes-types/core/v1.d.ts'
import { validatePort } from './field-rules.ts'
import { type Cause, forbiddenField, invalidValue, required, unsupported } from '../status.ts'

const PROBE_HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc']
const HOOK_HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'sleep']

/** Checks the three probes of a container. */
export function validateProbes(container: Container, field: string): Cause[] {
  return (['livenessProbe', 'readinessProbe', 'startupProbe'] as const).flatMap((name) => {
    const probe = container[name]
    if (!probe) return []
    const causes = validateProbe(probe, `${field}.${name}`)
    if (name !== 'readinessProbe' && probe.successThreshold !== 1) {
      causes.push(invalidValue(`${field}.${name}.successThreshold`, probe.successThreshold, 'must be 1'))
    }
    return causes
  })
}

/** Checks a postStart or preStop hook. */
export function validateHook(hook: LifecycleHandler | undefined, field: string): Cause[] {
  return hook ? validateHandler(hook, field, HOOK_HANDLERS) : []
}

function validateProbe(probe: Probe, field: string): Cause[] {
  const causes = validateHandler(probe, field, PROBE_HANDLERS)
  const figures = [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const
  for (const name of figures) {
    const value = probe[name]
    if (value !== undefined && value < 0) {
      causes.push(invalidValue(`${field}.${name}`, value, 'must be greater than or equal to 0'))
    }
  }
  return causes
}

function validateHandler(
  handler: Probe | LifecycleHandler,
  field: string,
  known: readonly string[],
): Cause[] {
  const given = known.filter((name) => name in handler)
  if (given.length === 0) return [required(field, 'must specify a handler type')]
  const causes = given
    .slice(1)
    .map((name) => forbiddenField(`${field}.${name}`, 'may not specify more than 1 handler type'))
  const { exec, httpGet, tcpSocket } = handler
  if (exec && (exec.command ?? []).length === 0) causes.push(required(`${field}.exec.command`))
  if (httpGet) {
    causes.push(...validateTarget(httpGet.port, `${field}.httpGet.port`))
    if (httpGet.scheme !== 'HTTP' && httpGet.scheme !== 'HTTPS') {
      causes.push(unsupported(`${field}.httpGet.scheme`, httpGet.scheme, ['HTTP', 'HTTPS']))
    }
  }
  if (tcpSocket) causes.push(...validateTarget(tcpSocket.port, `${field}.tcpSocket.port`))
  return causes
}

function validateTarget(port: number | string | undefined, field: string): Cause[] {
  if (typeof port === 'string') {
    return /^(?=.*[a-z])[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(port) && port.length <= 15
      ? []
      : [invalidValue(field, port, 'must contain at least one letter (a-z)')]
  }
  return validatePort(port ?? 0, field)
}
