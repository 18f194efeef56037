/** Proves DaemonSets with the real kubectl: one pod per node, renewed with the template. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PODS } from '#sandbox/client.ts'
import { type KubectlTest, kubectlNeeds, startKubectlTest } from '../../helpers/kubectl.ts'
import { describeWith } from '../../helpers/needs.ts'

let test: KubectlTest

describeWith(kubectlNeeds, 'a DaemonSet', () => {
  beforeAll(async () => {
    test = await startKubectlTest()
  })
  afterAll(() => test.stop())

  it('has one pod on the node, which follows the template and goes with the DaemonSet', async () => {
    const namespace = await test.createNamespace('daemon')
    const run = (...args: string[]) => test.run(namespace, ...args)
    await test.write('agent.yaml', AGENT)
    expect(await run('apply', '-f', 'agent.yaml')).toBe('daemonset.apps/agent created')
    expect(await run('rollout', 'status', 'ds/agent', '--timeout=20s')).toContain('successfully rolled out')
    expect(await run('get', 'ds')).toMatchInlineSnapshot(`
      "NAME    DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE
      agent   1         1         1       1            1           <none>          0s"
    `)
    expect(await run('describe', 'ds', 'agent')).toMatch(
      /SuccessfulCreate +0s +daemonset-controller +Created pod: agent-/,
    )
    await run('set', 'image', 'ds/agent', 'app=app:2')
    expect(await run('rollout', 'status', 'ds/agent', '--timeout=20s')).toContain('successfully rolled out')
    const { items } = await test.client.list(PODS, { namespace })
    expect(items.map(({ spec }) => [spec.nodeName, spec.containers[0]!.image])).toEqual([
      ['sidecar-node', 'app:2'],
    ])
    expect(await run('delete', 'ds', 'agent', '--cascade=foreground', '--timeout=20s')).toContain('deleted')
    expect((await test.client.list(PODS, { namespace })).items).toEqual([])
  })
})

const AGENT = `
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agent }
spec:
  selector: { matchLabels: { app: agent } }
  template:
    metadata: { labels: { app: agent } }
    spec: { containers: [{ name: app, image: 'app:1' }] }
`
