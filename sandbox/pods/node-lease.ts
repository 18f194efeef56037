/** Says every ten seconds that the node is alive: https://kubernetes.io/docs/concepts/architecture/leases/#node-heart-beats */
import { ApiError, NODES, type KubernetesClient, type Resource } from '../client.ts'
import { type Clock, microTimestamp } from '../clock.ts'

const LEASES: Resource = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
}
const RENEW_INTERVAL_MS = 10_000
const LEASE_SECONDS = 40

/** What a lease is about. */
export interface LeaseContext {
  client: KubernetesClient
  clock: Clock
  nodeName: string
}

/** Renews the lease of the node until the signal aborts; a renewal that fails has another turn. */
export function startNodeLease(context: LeaseContext, signal: AbortSignal): void {
  if (signal.aborted) return
  void renew(context).catch(() => {})
  context.clock.schedule(RENEW_INTERVAL_MS, () => startNodeLease(context, signal))
}

async function renew({ client, clock, nodeName }: LeaseContext): Promise<void> {
  const ref = { namespace: 'kube-node-lease', name: nodeName }
  const renewTime = microTimestamp(clock.now())
  try {
    await client.patch(LEASES, ref, { spec: { renewTime } })
  } catch (error) {
    if (!ApiError.isReason(error, 'NotFound')) throw error
    const { apiVersion, kind, metadata } = await client.get(NODES, { name: nodeName })
    await client.create(LEASES, {
      apiVersion: LEASES.apiVersion,
      kind: LEASES.kind,
      metadata: { ...ref, ownerReferences: [{ apiVersion, kind, name: nodeName, uid: metadata.uid }] },
      spec: { holderIdentity: nodeName, leaseDurationSeconds: LEASE_SECONDS, renewTime },
    })
  }
}
