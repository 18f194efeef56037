/** Proves that a container that is loud, deaf or multiplies harms nobody but itself. */
import { beforeAll, expect, it } from 'vitest'
import { PODS } from '#sandbox/client.ts'
import { until } from '#sandbox/until.ts'
import { clusterProcesses } from '../../scripts/measure/cluster-processes.ts'
import { type TestCluster, startTestCluster } from '../helpers/embedded-cluster.ts'
import { isolation } from '../helpers/in-node-namespace.ts'
import { describeWith } from '../helpers/needs.ts'

const PATIENCE = { timeoutMs: 30_000, intervalMs: 50 }
const LINES = 50_000

let cluster: TestCluster

describeWith([isolation], 'a container', () => {
  beforeAll(async () => {
    cluster = await startTestCluster()
  })

  it('that says 10,000 lines a second loses none of them, and the API answers meanwhile', async () => {
    // A thousand lines each tenth of a second, for five seconds.
    const script = `
      let n = 0
      const timer = setInterval(() => {
        let text = ''
        for (let count = 0; count < 1000; count++) text += 'line ' + n++ + '\\n'
        process.stdout.write(text)
        if (n >= ${LINES}) clearInterval(timer)
      }, 100)`
    const ref = await createPod('loud', ['node', '-e', script], 'node:24')
    let slowestMs = 0
    const isOver = async () => {
      const started = performance.now()
      const pod = await cluster.client.get(PODS, ref)
      slowestMs = Math.max(slowestMs, performance.now() - started)
      return pod.status.phase === 'Succeeded'
    }
    expect(await until(isOver, PATIENCE)).toBe(true)
    expect(slowestMs).toBeLessThan(2_000)
    const lines = (await cluster.client.logs(ref)).trimEnd().split('\n')
    expect(lines.length).toBe(LINES)
    expect(lines.findIndex((line, at) => line !== `line ${at}`)).toBe(-1)
  })

  it('that ignores SIGTERM is gone when its time is up', async () => {
    const ref = await createPod('deaf', ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 1; done'])
    await until(async () => (await cluster.client.logs(ref).catch(() => '')) !== '', PATIENCE)
    const started = performance.now()
    await cluster.client.delete(PODS, ref, { gracePeriodSeconds: 1 })
    expect(await isGone(ref)).toBe(true)
    expect(performance.now() - started).toBeGreaterThan(900)
    expect(performance.now() - started).toBeLessThan(8_000)
  })

  it('that forks a thousand times, out of its sessions too, takes all of them along', async () => {
    const fork = 'i=0; while [ $i -lt 500 ]; do sleep 98765 & setsid sleep 98765 & i=$((i+1)); done; wait'
    const ref = await createPod('bomb', ['sh', '-c', fork])
    const forked = () => clusterProcesses(cluster.state).filter(({ words }) => words.includes('98765'))
    expect(await until(() => forked().length > 900, PATIENCE)).toBe(true)
    expect((await cluster.client.list(PODS)).items.length).toBeGreaterThan(0)
    await cluster.client.delete(PODS, ref, { gracePeriodSeconds: 0 })
    expect(await isGone(ref)).toBe(true)
    await until(() => forked().length === 0, PATIENCE)
    expect(forked().length).toBe(0)
  })
})

async function createPod(name: string, command: string[], image = 'busybox') {
  const ref = { name, namespace: 'default' }
  const spec = { restartPolicy: 'Never', containers: [{ name: 'app', image, command }] }
  await cluster.client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: ref, spec })
  return ref
}

async function isGone(ref: { name: string; namespace: string }): Promise<boolean | undefined> {
  return await until(async () => (await cluster.client.find(PODS, ref)) === undefined, PATIENCE)
}
