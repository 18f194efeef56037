/** Proves on a real cluster what saving a workspace does, and what it leaves alone. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { CONFIG_MAPS, PODS } from '#sandbox/client.ts'
import { Deployer, type Deployment } from '#sandbox/course/deploy.ts'
import { runCommand } from '#sandbox/command.ts'
import { until } from '#sandbox/until.ts'
import { startTestCluster } from '#test/helpers/embedded-cluster.ts'
import { binary, describeWith } from '#test/helpers/needs.ts'

const cluster = await startTestCluster()
const { client } = cluster
let count = 0

/** A namespace with a deployer, and pods that end at once. */
function openNamespace() {
  const namespace = `deploy-${(count += 1)}`
  const deployer = new Deployer(client, namespace)
  onTestFinished(() => deployer.removeNamespace())
  return {
    namespace,
    deployer,
    deploy: (files: Record<string, string>) => deployer.deploy(new Map(Object.entries(files))),
    uid: async (name: string) => (await client.find(PODS, { namespace, name }))?.metadata.uid,
  }
}

function pod(name: string, more = '', volumes = ''): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  containers:
    - { name: app, image: busybox, command: [sh, -c, "sleep 600"]${more} }
${volumes}`
}

const WITH_CODE = pod(
  'coded',
  ', volumeMounts: [{ name: code, mountPath: /code }]',
  '  volumes: [{ name: code, configMap: { name: code } }]\n',
)

const told = ({ changes }: Deployment) => changes.map(({ kind, name, action }) => `${kind} ${name} ${action}`)

describe('saving a workspace', () => {
  test('makes the namespace, the code and the pods, then touches only what changed', async () => {
    const { deploy, uid, namespace } = openNamespace()
    const files = { 'a.yaml': pod('plain'), 'b.yaml': WITH_CODE, 'main.ts': 'one' }
    expect(told(await deploy(files)).sort()).toEqual([
      'ConfigMap code created',
      'Pod coded created',
      'Pod plain created',
    ])
    const code = await client.get(CONFIG_MAPS, { namespace, name: 'code' })
    expect(code.data).toEqual({ 'main.ts': 'one', 'package.json': expect.stringContaining('module') })
    const [plain, coded] = [await uid('plain'), await uid('coded')]

    expect(told(await deploy(files))).toEqual([])
    expect(told(await deploy({ ...files, 'main.ts': 'two' }))).toEqual([
      'ConfigMap code replaced',
      'Pod coded replaced',
    ])
    expect(await uid('plain')).toBe(plain)
    expect(await uid('coded')).not.toBe(coded)

    expect(told(await deploy({ 'b.yaml': WITH_CODE, 'main.ts': 'two' }))).toEqual(['Pod plain deleted'])
    expect(await uid('plain')).toBeUndefined()
  })

  test('leaves alone what the learner does by hand until its own files change', async () => {
    const { deploy, uid, namespace } = openNamespace()
    await deploy({ 'a.yaml': pod('mine'), 'b.yaml': pod('other') })
    await client.delete(PODS, { namespace, name: 'mine' }, { gracePeriodSeconds: 0 })
    expect(told(await deploy({ 'a.yaml': pod('mine'), 'b.yaml': pod('other', ', tty: false') }))).toEqual([
      'Pod other replaced',
    ])
    expect(await uid('mine')).toBeUndefined()
    expect(told(await deploy({ 'a.yaml': pod('mine', ', stdin: true') }))).toEqual([
      'Pod other deleted',
      'Pod mine created',
    ])
  })

  test('resumes: a later session knows its pods, deletes those whose file went, and no stranger', async () => {
    const { deploy, uid, namespace } = openNamespace()
    await deploy({ 'a.yaml': pod('kept'), 'b.yaml': pod('gone') })
    const stranger = { name: 'stranger', namespace }
    const { spec } = await client.get(PODS, { namespace, name: 'kept' })
    await client.create(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: stranger,
      spec: { containers: spec.containers, volumes: spec.volumes },
    })
    const kept = await uid('kept')
    const later = new Deployer(client, namespace)
    expect(told(await later.deploy(new Map([['a.yaml', pod('kept')]])))).toEqual(['Pod gone deleted'])
    expect(await uid('kept')).toBe(kept)
    expect(await uid('stranger')).toBeDefined()
  })

  test('never costs a running pod when the API server refuses its new manifest, and says its words', async () => {
    const { deploy, uid } = openNamespace()
    await deploy({ 'a.yaml': pod('web') })
    const before = await uid('web')
    const { changes, problems } = await deploy({ 'a.yaml': pod('web', ', imagee: x') })
    expect(changes).toEqual([])
    expect(problems).toMatchInlineSnapshot(`
      [
        {
          "file": "a.yaml",
          "instead": "mend what the API server names",
          "line": 1,
          "what": "Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].imagee"",
        },
      ]
    `)
    expect(await uid('web')).toBe(before)
    expect(told(await deploy({ 'a.yaml': pod('web', ', stdin: true') }))).toEqual(['Pod web replaced'])
  })

  test('touches nothing while one file can’t be read, names another namespace or an unknown kind', async () => {
    const { deploy, uid } = openNamespace()
    await deploy({ 'a.yaml': pod('web') })
    const broken = await deploy({ 'a.yaml': 'apiVersion: v1\n kind: Pod\n' })
    expect(broken).toMatchObject({ changes: [], problems: [{ file: 'a.yaml', line: 1 }] })
    const strayed = await deploy({
      'a.yaml': pod('web').replace('name: web', 'name: web, namespace: default'),
    })
    expect(strayed.problems[0]!.what).toMatchInlineSnapshot(
      `"namespace “default”, but this lesson lives in “deploy-5”"`,
    )
    const unknown = await deploy({
      'a.yaml': pod('web'),
      'b.yaml': 'apiVersion: v1\nkind: Pot\nmetadata: {name: x}\n',
    })
    expect(unknown.problems[0]!.what).toMatchInlineSnapshot(`"no matches for kind “Pot” in version “v1”"`)
    expect(await uid('web')).toBeDefined()
  })
})

describeWith([binary('kubectl')], 'kubectl beside the workshop', () => {
  test('applies the same file without a warning, and finds nothing to change', async () => {
    const { deploy, namespace, uid } = openNamespace()
    await deploy({ 'a.yaml': pod('web') })
    const apply = (input: string) =>
      runCommand('kubectl', ['apply', '-n', namespace, '-f', '-'], {
        input,
        env: { KUBECONFIG: cluster.kubeconfig },
      })
    expect(await apply(pod('web'))).toMatchObject({ exitCode: 0, stderr: '', stdout: 'pod/web unchanged' })
    expect(await apply(pod('own'))).toMatchObject({ exitCode: 0, stdout: 'pod/own created' })
    // A session that begins now takes kubectl's pod for what it is: the same file, already there.
    const own = await until(() => uid('own'), { timeoutMs: 2_000 })
    const later = new Deployer(client, namespace)
    expect(
      told(
        await later.deploy(
          new Map([
            ['a.yaml', pod('web')],
            ['b.yaml', pod('own')],
          ]),
        ),
      ),
    ).toEqual([])
    expect(await uid('own')).toBe(own)
  })
})

describe('what pods are made from', () => {
  const template = `template:
    metadata: { labels: { app: maker } }
    spec:
      restartPolicy: RESTART
      containers: [{ name: app, image: busybox, command: [sh, -c, "cat /code/main.ts; echo; sleep 600"], volumeMounts: [{ name: code, mountPath: /code }] }]
      volumes: [{ name: code, configMap: { name: code } }]`
  const job = `apiVersion: batch/v1
kind: Job
metadata: { name: maker }
spec:
  ${template.replace('RESTART', 'Never')}
`
  const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: { name: maker }
spec:
  selector: { matchLabels: { app: maker } }
  ${template.replace('RESTART', 'Always')}
`

  test.for([
    ['a Job makes way for a new one', job],
    ['a Deployment rolls out', deployment],
  ])('when the code changes, %s', async ([, manifest]) => {
    const { deploy, namespace } = openNamespace()
    const printed = async (text: string) => {
      const { items } = await client.list(PODS, { namespace })
      const logs = await Promise.all(items.map(({ metadata }) => client.logs(metadata).catch(() => '')))
      return logs.some((log) => log.startsWith(text))
    }
    await deploy({ 'maker.yaml': manifest!, 'main.ts': 'one' })
    expect(await until(() => printed('one'), { timeoutMs: 10_000 })).toBe(true)
    expect(told(await deploy({ 'maker.yaml': manifest!, 'main.ts': 'two' }))[1]).toMatch(/ maker replaced$/)
    expect(await until(() => printed('two'), { timeoutMs: 10_000 })).toBe(true)
    expect(told(await deploy({ 'maker.yaml': manifest!, 'main.ts': 'two' }))).toEqual([])
  })
})
