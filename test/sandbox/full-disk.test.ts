/** Proves what becomes of a cluster whose disk is full: writes are refused, nothing that was acknowledged is lost. */
import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CONFIG_MAPS, type KubernetesClient, PODS } from '#sandbox/client.ts'
import { silentProgress as progress } from '#sandbox/cluster.ts'
import { runCommand } from '#sandbox/command.ts'
import { connect, readKubeconfig } from '#sandbox/kubeconfig.ts'
import type { Status } from '#sandbox/objects.ts'
import { signalProcess } from '#sandbox/process-identity.ts'
import { until } from '#sandbox/until.ts'
import { clusterProcesses } from '../../scripts/measure/cluster-processes.ts'
import { isolatedProvider } from '../helpers/embedded-cluster.ts'
import { isolation } from '../helpers/in-node-namespace.ts'
import { describeWith, root } from '../helpers/needs.ts'

const NAMESPACE = 'default'
const PATIENCE = { timeoutMs: 20_000 }

const { provider, state } = await isolatedProvider()

describeWith([isolation, root], 'a full disk', () => {
  beforeAll(async () => {
    await runCommand('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', state])
  })
  afterAll(async () => {
    await provider.stop({ progress })
    await runCommand('umount', [state])
  })

  it('refuses writes with a Status, goes on reading, and heals with room', async () => {
    let client = await start()
    const spec = { containers: [{ name: 'app', image: 'busybox', command: ['sh', '-c', LOUD] }] }
    const metadata = { name: 'loud', namespace: NAMESPACE }
    await client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata, spec })
    await until(async () => (await client.logs(metadata).catch(() => '')) !== '', PATIENCE)
    const ballast = join(state, 'ballast')
    fill(ballast, state)
    const acknowledged: string[] = []
    const refusals: string[] = []
    for (let number = 0; number < 200; number++) {
      const name = `written-${number}`
      const response = await client.send('POST', `/api/v1/namespaces/${NAMESPACE}/configmaps`, {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ metadata: { name }, data: { text: 'x'.repeat(50_000) } }),
      })
      const { kind, code, message } = (await response.json()) as Partial<Status>
      if (response.ok) acknowledged.push(name)
      else refusals.push(`${kind} ${code} ${message}`)
    }
    expect([...new Set(refusals)]).toEqual(['Status 500 Internal error occurred: database or disk is full'])
    expect((await client.get(PODS, metadata)).status.phase).toBe('Running')
    const engine = clusterProcesses(state).find(({ part }) => part === 'engine')!
    rmSync(ballast)
    await client.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'after', namespace: NAMESPACE },
    })
    signalProcess(engine.identity, 'SIGKILL')
    client = await start()
    const { items } = await client.list(CONFIG_MAPS, { namespace: NAMESPACE })
    const names = items.map((item) => item.metadata.name)
    expect(names).toEqual(expect.arrayContaining([...acknowledged, 'after']))
  })

  async function start(): Promise<KubernetesClient> {
    await provider.start({ progress })
    return connect(await readKubeconfig(await provider.kubeconfig()))
  }
})

const LOUD = 'trap "exit 0" TERM; while :; do echo line; sleep 0.01; done'

/** Leaves not a page. */
function fill(path: string, folder: string): void {
  for (let left = statfsSync(folder).bavail; left > 0; left = statfsSync(folder).bavail) {
    try {
      writeFileSync(path, Buffer.alloc(left * statfsSync(folder).bsize), { flag: 'a' })
    } catch {
      // What there was room for is written.
      return
    }
  }
}
