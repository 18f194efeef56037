/** Proves that a node's lease is made once and renewed every ten seconds, until it is told to stop. */
import { expect, it } from 'vitest'
import { NODES } from '#sandbox/client.ts'
import { startNodeLease } from '#sandbox/pods/node-lease.ts'
import { until } from '#sandbox/until.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { createTestApi } from '../../helpers/test-api.ts'

interface Lease {
  spec: { holderIdentity: string; leaseDurationSeconds: number; renewTime: string }
}

it('a lease is made once and renewed every ten seconds', async () => {
  const clock = createManualClock(Date.UTC(2026, 10, 22))
  const { client, call } = await createTestApi({ clock })
  await client.create(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node' } })
  const aborter = new AbortController()
  startNodeLease({ client, clock, nodeName: 'node' }, aborter.signal)
  const path = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node'
  const renewedAt = (time: string) =>
    until(async () => (await call<Lease>('GET', path)).body.spec?.renewTime === time, { timeoutMs: 5_000 })
  expect(await renewedAt('2026-11-22T00:00:00.000000Z')).toBe(true)
  await clock.advance(10_000)
  expect(await renewedAt('2026-11-22T00:00:10.000000Z')).toBe(true)
  const { body } = await call<Lease>('GET', path)
  expect(body.spec).toMatchObject({ holderIdentity: 'node', leaseDurationSeconds: 40 })
  aborter.abort()
  await clock.advance(60_000)
  expect((await call<Lease>('GET', path)).body.spec.renewTime).toBe('2026-11-22T00:00:10.000000Z')
})
