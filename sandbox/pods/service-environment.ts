/** Services as variables: https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables */
import { ApiError, type KubernetesClient, type Resource } from '../client.ts'
import type { KubeObject, Pod } from '../objects.ts'

/** What the variables say of a Service. */
interface Service extends KubeObject {
  spec?: { clusterIP?: string; ports?: { name?: string; port: number; protocol?: string }[] }
}

const SERVICES: Resource<Service> = {
  apiVersion: 'v1',
  kind: 'Service',
  plural: 'services',
  namespaced: true,
}

/** The API server's own Service: every pod knows it, also where Services are not served. */
const KUBERNETES = { name: 'kubernetes', ip: '10.96.0.1', ports: [{ name: 'https', port: 443 }] }

/** The variables of the API server, and with `enableServiceLinks` of all Services of the pod's namespace. */
export async function serviceEnvironment(
  pod: Pod,
  client: KubernetesClient,
): Promise<Record<string, string>> {
  const services = pod.spec.enableServiceLinks === false ? [] : await listServices(pod, client)
  return Object.assign({}, ...[KUBERNETES, ...services].map(variablesOf)) as Record<string, string>
}

async function listServices(pod: Pod, client: KubernetesClient) {
  try {
    const { items } = await client.list(SERVICES, { namespace: pod.metadata.namespace })
    return items.flatMap(({ metadata, spec }) => {
      const ip = spec?.clusterIP
      return ip && ip !== 'None' ? [{ name: metadata.name, ip, ports: spec.ports ?? [] }] : []
    })
  } catch (error) {
    if (error instanceof ApiError && error.status.code === 404) return []
    throw error
  }
}

function variablesOf({
  name,
  ip,
  ports,
}: {
  name: string
  ip: string
  ports: { name?: string; port: number; protocol?: string }[]
}) {
  const service = variableName(name)
  const [first] = ports
  const env: Record<string, string> = { [`${service}_SERVICE_HOST`]: ip }
  if (!first) return env
  env[`${service}_SERVICE_PORT`] = String(first.port)
  env[`${service}_PORT`] = urlOf(ip, first)
  for (const port of ports) {
    if (port.name) env[`${service}_SERVICE_PORT_${variableName(port.name)}`] = String(port.port)
    const protocol = port.protocol ?? 'TCP'
    const link = `${service}_PORT_${port.port}_${protocol}`
    env[link] = urlOf(ip, port)
    env[`${link}_PROTO`] = protocol.toLowerCase()
    env[`${link}_PORT`] = String(port.port)
    env[`${link}_ADDR`] = ip
  }
  return env
}

function urlOf(ip: string, { port, protocol = 'TCP' }: { port: number; protocol?: string }): string {
  return `${protocol.toLowerCase()}://${ip}:${port}`
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_')
}
