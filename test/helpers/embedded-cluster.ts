/** A real embedded cluster for one test file, in a state folder of its own. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openCluster, silentProgress, type ClusterProvider } from '#sandbox/cluster.ts'
import type { KubernetesClient } from '#sandbox/client.ts'
import { connect, readKubeconfig, type Connection } from '#sandbox/kubeconfig.ts'

/** What a test file gets. */
export interface TestCluster {
  provider: ClusterProvider
  /** The XDG_STATE_HOME that is in force for this file. */
  state: string
  kubeconfig: string
  connection: Connection
  client: KubernetesClient
}

const started: (() => Promise<void>)[] = []

// Registered while the test file is read: inside another hook it would be too late.
afterAll(async () => {
  for (const stop of started.splice(0)) await stop()
})

/** Points the kit's state at a fresh folder for the rest of this test file; what runs there is stopped at its end. */
export async function isolatedProvider(): Promise<{ provider: ClusterProvider; state: string }> {
  const state = mkdtempSync(join(tmpdir(), 'sidecar-workshop-state-'))
  process.env.XDG_STATE_HOME = state
  const provider = await openCluster('embedded')
  started.push(async () => {
    await provider.stop({ progress: silentProgress })
    rmSync(state, { recursive: true, force: true })
  })
  return { provider, state }
}

/** Starts a cluster that ends with this test file. */
export async function startTestCluster(): Promise<TestCluster> {
  const { provider, state } = await isolatedProvider()
  await provider.start({ progress: silentProgress })
  const kubeconfig = await provider.kubeconfig()
  const connection = await readKubeconfig(kubeconfig)
  return { provider, state, kubeconfig, connection, client: connect(connection) }
}

/** Numbers of all processes of this machine whose command line holds `text`, other than ourselves. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)
      } catch {
        return false
      }
    })
    .map(Number)
}
