/** The network of Services: addresses that lead to endpoints, and names that lead to addresses. */
import type { KubernetesClient } from '../client.ts'
import type { Clock } from '../clock.ts'
import { resolveName } from './dns-names.ts'
import { startDnsServer } from './dns-server.ts'
import { createServiceProxy } from './service-proxy.ts'
import { followServices } from './services.ts'

/** Settles when every Service that there is can be reached by address and by name. */
export async function startNetwork(options: {
  client: KubernetesClient
  clock: Clock
  /** Where the name server listens, on port 53. */
  dnsAddress: string
}): Promise<{ stop(): Promise<void> }> {
  const { dnsAddress, ...context } = options
  const aborter = new AbortController()
  const proxy = createServiceProxy()
  const table = await followServices({ ...context, signal: aborter.signal }, proxy.update)
  const dns = await startDnsServer({
    address: dnsAddress,
    port: 53,
    resolve: (name, type) => resolveName(table, name, type),
  })
  return {
    async stop() {
      aborter.abort()
      proxy.stop()
      await dns.stop()
    },
  }
}
