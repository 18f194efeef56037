/** Proves Deployments and their ReplicaSets with the real kubectl: rollouts, rollbacks, sizes, and who goes with whom. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PODS } from '#sandbox/client.ts'
import { DEPLOYMENTS, REPLICA_SETS } from '#sandbox/kinds.ts'
import { until } from '#sandbox/until.ts'
import { type KubectlTest, kubectlNeeds, startKubectlTest } from '../../helpers/kubectl.ts'
import { describeWith } from '../../helpers/needs.ts'

let test: KubectlTest
const wait = '--timeout=20s'

describeWith(kubectlNeeds, 'a Deployment', () => {
  beforeAll(async () => {
    test = await startKubectlTest()
  })
  afterAll(() => test.stop())

  it('rolls out, forward and back, and tells its story as Kubernetes does', async () => {
    const namespace = await test.createNamespace('rollout')
    const run = (...args: string[]) => test.run(namespace, ...args)
    const create = ['create', 'deployment', 'web', '--image=nginx:1.26', '--replicas=3', '--port=80']
    expect(await run(...create)).toBe('deployment.apps/web created')
    const done = 'deployment "web" successfully rolled out'
    expect(await run('rollout', 'status', 'deploy/web', wait)).toContain(done)
    expect(await run('get', 'deploy', 'web', '-o', 'wide')).toMatchInlineSnapshot(`
      "NAME   READY   UP-TO-DATE   AVAILABLE   AGE   CONTAINERS   IMAGES       SELECTOR
      web    3/3     3            3           0s    nginx        nginx:1.26   app=web"
    `)
    const described = await run('describe', 'deploy', 'web')
    expect(described).toContain('3 desired | 3 updated | 3 total | 3 available | 0 unavailable')
    expect(described).toMatch(
      /Available +True +MinimumReplicasAvailable\n +Progressing +True +NewReplicaSetAvailable/,
    )
    expect(described).toMatch(
      /ScalingReplicaSet +0s +deployment-controller +Scaled up replica set web-\w+ from 0 to 3/,
    )
    const [first] = (await test.client.list(REPLICA_SETS, { namespace })).items
    expect(await run('describe', 'rs')).toMatch(
      /SuccessfulCreate +0s +replicaset-controller +Created pod: web-/,
    )

    expect(await run('set', 'image', 'deploy/web', 'nginx=nginx:1.27')).toContain('image updated')
    expect(await run('rollout', 'status', 'deploy/web', wait)).toContain(done)
    expect(await run('rollout', 'history', 'deploy/web')).toMatch(/1 +<none>\n2 +<none>/)
    expect(await run('rollout', 'undo', 'deploy/web')).toContain('rolled back')
    expect(await run('rollout', 'status', 'deploy/web', wait)).toContain(done)
    expect(await run('rollout', 'history', 'deploy/web')).toMatch(/2 +<none>\n3 +<none>/)
    const again = await test.client.get(REPLICA_SETS, first!.metadata)
    expect(again.spec.replicas).toBe(3)
    expect(again.metadata.annotations?.['deployment.kubernetes.io/revision-history']).toBe('1')
    expect(await run('rollout', 'restart', 'deploy/web')).toContain('restarted')
    expect(await run('rollout', 'status', 'deploy/web', wait)).toContain(done)
  })

  it('is scaled by its subresource, and held by a pause', async () => {
    const namespace = await test.createNamespace('scale')
    const run = (...args: string[]) => test.run(namespace, ...args)
    await run('create', 'deployment', 'web', '--image=nginx:1.26')
    expect(await run('scale', 'deploy/web', '--replicas=4')).toBe('deployment.apps/web scaled')
    await run('rollout', 'status', 'deploy/web', wait)
    expect(await run('get', 'deploy', 'web', '-o', 'jsonpath={.status.availableReplicas}')).toBe('4')
    expect(await run('rollout', 'pause', 'deploy/web')).toContain('paused')
    await run('set', 'image', 'deploy/web', 'nginx=nginx:1.27')
    const conditions = async () =>
      (await test.client.get(DEPLOYMENTS, { namespace, name: 'web' })).status.conditions
    const isPaused = await until(
      async () => (await conditions())?.some(({ reason }) => reason === 'DeploymentPaused'),
      { timeoutMs: 5_000 },
    )
    expect(isPaused).toBe(true)
    expect((await test.client.list(REPLICA_SETS, { namespace })).items).toHaveLength(1)
    await run('rollout', 'resume', 'deploy/web')
    await run('rollout', 'status', 'deploy/web', wait)
    expect((await test.client.list(REPLICA_SETS, { namespace })).items).toHaveLength(2)
    expect(await run('scale', 'deploy/web', '--replicas=0')).toContain('scaled')
    expect(await goneIn(namespace)).toBe(true)
  })

  it('that is recreated has no two versions at once', async () => {
    const namespace = await test.createNamespace('recreate')
    const run = (...args: string[]) => test.run(namespace, ...args)
    await test.write('recreate.yaml', manifest('strategy: { type: Recreate }'))
    await run('apply', '-f', 'recreate.yaml')
    await run('rollout', 'status', 'deploy/web', wait)
    await run('set', 'image', 'deploy/web', 'app=app:2')
    expect(await run('rollout', 'status', 'deploy/web', wait)).toContain('successfully rolled out')
    const events = await run('events', '--for', 'deploy/web')
    expect(events.match(/Scaled .*/g)?.map((line) => line.replace(/web-\w+/, 'x'))).toEqual([
      'Scaled up replica set x from 0 to 2',
      'Scaled down replica set x from 2 to 0',
      'Scaled up replica set x from 0 to 2',
    ])
  })

  it('takes its pods along when it goes, now, before it or not at all', async () => {
    const namespace = await test.createNamespace('cascade')
    const run = (...args: string[]) => test.run(namespace, ...args)
    await test.write('web.yaml', manifest(''))
    for (const policy of ['background', 'foreground']) {
      await run('apply', '-f', 'web.yaml')
      await run('rollout', 'status', 'deploy/web', wait)
      expect(await run('delete', 'deploy', 'web', `--cascade=${policy}`, wait)).toContain('deleted')
      expect(await goneIn(namespace)).toBe(true)
    }
    await run('apply', '-f', 'web.yaml')
    await run('rollout', 'status', 'deploy/web', wait)
    await run('delete', 'deploy', 'web', '--cascade=orphan', wait)
    const [set] = (await test.client.list(REPLICA_SETS, { namespace })).items
    expect(set?.metadata.ownerReferences ?? []).toEqual([])
    expect((await test.client.list(PODS, { namespace })).items).toHaveLength(2)
    // A Deployment of the same template adopts what was left.
    await run('apply', '-f', 'web.yaml')
    await run('rollout', 'status', 'deploy/web', wait)
    expect(
      (await test.client.list(REPLICA_SETS, { namespace })).items.map(({ metadata }) => metadata.uid),
    ).toEqual([set!.metadata.uid])
  })

  it('that can not work is refused in Kubernetes’ words', async () => {
    const run = (...args: string[]) => test.run('default', ...args)
    await test.write('wrong.yaml', manifest('').replace('labels: { app: web }', 'labels: { app: other }'))
    expect(await run('create', '-f', 'wrong.yaml')).toContain(
      'The Deployment "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"other"}: `selector` does not match template `labels`',
    )
    await test.write('never.yaml', manifest('').replace('containers:', 'restartPolicy: Never, containers:'))
    expect(await run('create', '-f', 'never.yaml')).toContain(
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    )
  })
})

function manifest(more: string): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  ${more}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: app, image: 'app:1' }] }
`
}

async function goneIn(namespace: string): Promise<boolean | undefined> {
  return await until(async () => (await test.client.list(PODS, { namespace })).items.length === 0, {
    timeoutMs: 10_000,
  })
}
