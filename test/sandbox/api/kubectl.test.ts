/** Proves the API server with the real kubectl, over TLS. */
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Listening, serve } from '#sandbox/api/listen.ts'
import { NAMESPACES, PODS } from '#sandbox/client.ts'
import { systemClock } from '#sandbox/clock.ts'
import { runCommand } from '#sandbox/command.ts'
import { startControllers } from '#sandbox/controllers/start.ts'
import { ensureCredentials, writeKubeconfig } from '#sandbox/embedded/credentials.ts'
import { binary, describeWith } from '../../helpers/needs.ts'
import { type TestApi, createTestApi } from '../../helpers/test-api.ts'

const POD = `
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec:
  containers:
  - name: app
    image: nginx:1.27
    ports: [{ containerPort: 80 }]
    volumeMounts: [{ name: logs, mountPath: /logs }]
  - { name: log, image: busybox }
  volumes: [{ name: logs, emptyDir: {} }]
`

let folder: string
let test: TestApi
let controllers: { stop(): void }
const aborter = new AbortController()
let listening: Listening
let kubeconfig: string

describeWith([binary('kubectl', 'see https://kubernetes.io/docs/tasks/tools/')], 'kubectl', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kubectl-'))
    test = await createTestApi({
      node: {
        logs: (_pod, { container, timestamps, tailLines }) =>
          Promise.resolve(new Response(`${container} ${timestamps} ${tailLines}\n`).body!),
        async exec(_pod, { command, stdin, stdout, stderr }) {
          stderr?.write('to stderr\n')
          for await (const chunk of stdin ?? []) stdout?.write(chunk)
          stdout?.write(`${command.join('|')}\n`)
          return { exitCode: Promise.resolve(command[0] === 'true' ? 0 : 7), resize() {} }
        },
      },
    })
    controllers = await startControllers({ client: test.client, clock: systemClock })
    await test.client.create(
      { apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false },
      { apiVersion: 'v1', kind: 'Node', metadata: { name: 'sidecar-node' } },
    )
    void finishDeletions()
    const credentials = await ensureCredentials(folder)
    listening = await serve(test.api, { host: '127.0.0.1', port: 0, ...credentials })
    kubeconfig = await writeKubeconfig(folder, listening.port, credentials)
    writeFileSync(join(folder, 'pod.yaml'), POD)
  })

  afterAll(async () => {
    controllers.stop()
    aborter.abort()
    await listening.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('knows the server and its kinds', async () => {
    expect(await kubectl('version')).toContain('Server Version: v1.33')
    expect((await kubectl('api-versions')).split('\n')).toEqual(expect.arrayContaining(['apps/v1', 'v1']))
    expect(await kubectl('api-resources', '--no-headers')).toMatch(/^configmaps +cm +v1 +true +ConfigMap$/m)
    expect(await kubectl('explain', 'pod.spec.containers.volumeMounts')).toContain(
      'FIELD: volumeMounts <[]VolumeMount>',
    )
  })

  it('creates, shows, changes and deletes a pod', async () => {
    const namespace = await newNamespace('life')
    const run = (...args: string[]) => kubectl('-n', namespace, ...args)
    expect(await run('create', '-f', 'pod.yaml')).toBe('pod/web created')
    expect(await run('create', '-f', 'pod.yaml')).toContain(
      'Error from server (AlreadyExists): error when creating "pod.yaml": pods "web" already exists',
    )
    expect(await run('wait', '--for=condition=PodScheduled', 'pod/web', '--timeout=5s')).toBe(
      'pod/web condition met',
    )
    expect((await run('get', 'pods')).replaceAll(/\d+s/g, '0s')).toMatchInlineSnapshot(`
      "NAME   READY   STATUS    RESTARTS   AGE
      web    0/2     Pending   0          0s"
    `)
    expect(await run('get', 'pods', '-o', 'wide', '--no-headers')).toMatch(/sidecar-node +<none> +<none>$/)
    expect(await run('get', 'pod', 'web', '-o', 'jsonpath={.spec.nodeName}')).toBe('sidecar-node')
    expect(await run('get', 'pods', '-l', 'app=web', '-o', 'name')).toBe('pod/web')
    expect(await run('get', 'pods', '--field-selector', 'status.phase=Running')).toContain(
      'No resources found',
    )
    expect(await run('describe', 'pod', 'web')).toMatch(
      /Normal +Scheduled +\S+ +default-scheduler +Successfully assigned life\/web to sidecar-node/,
    )
    expect(await run('events')).toContain('Successfully assigned')
    expect(await run('label', 'pod', 'web', 'tier=front')).toBe('pod/web labeled')
    expect(await run('annotate', 'pod', 'web', 'note=hello')).toBe('pod/web annotated')
    expect(
      await run(
        'patch',
        'pod',
        'web',
        '--type=json',
        '-p',
        '[{"op":"remove","path":"/metadata/labels/tier"}]',
      ),
    ).toBe('pod/web patched')
    expect(await run('delete', 'pod', 'web')).toContain('pod "web" deleted')
    expect(await run('get', 'pods')).toContain('No resources found')
  })

  it('applies, compares and replaces', async () => {
    const namespace = await newNamespace('apply')
    const run = (...args: string[]) => kubectl('-n', namespace, ...args)
    expect(await run('apply', '-f', 'pod.yaml')).toBe('pod/web created')
    expect(await run('apply', '-f', 'pod.yaml')).toBe('pod/web unchanged')
    writeFileSync(join(folder, 'newer.yaml'), POD.replace('busybox', 'busybox:1.36'))
    expect(await run('diff', '-f', 'newer.yaml')).toContain('+  - image: busybox:1.36')
    expect(await run('get', 'pod', 'web', '-o', 'jsonpath={.spec.containers[1].image}')).toBe('busybox')
    expect(await run('apply', '-f', 'newer.yaml')).toBe('pod/web configured')
    expect(await run('apply', '--server-side', '--force-conflicts', '-f', 'pod.yaml')).toBe(
      'pod/web serverside-applied',
    )
    expect(await run('replace', '--force', '-f', 'newer.yaml')).toContain('pod/web replaced')
  })

  it('creates without a file what it posts as protobuf', async () => {
    const run = (...args: string[]) => kubectl('-n', 'default', ...args)
    expect(await run('create', 'namespace', 'proto')).toBe('namespace/proto created')
    expect(await run('create', 'configmap', 'c', '--from-literal=a=b')).toBe('configmap/c created')
    expect(await run('get', 'cm', 'c', '-o', 'jsonpath={.data}')).toBe('{"a":"b"}')
    expect(await run('create', 'secret', 'generic', 's', '--from-literal=a=b')).toBe('secret/s created')
    expect(await run('get', 'secret', 's', '-o', 'jsonpath={.data.a}{.type}')).toBe('Yg==Opaque')
    expect(await run('create', 'serviceaccount', 'robot')).toBe('serviceaccount/robot created')
    expect(await run('create', 'cronjob', 'd', '--image=a', '--schedule=* * * * *')).toContain(
      'could not find the requested resource',
    )
    expect(await run('delete', 'namespace', 'proto')).toContain('namespace "proto" deleted')
    expect(await test.client.find(NAMESPACES, { name: 'proto' })).toBeUndefined()
  })

  it('refuses a misspelt field, and warns of it when told to', async () => {
    writeFileSync(join(folder, 'typo.yaml'), POD.replace('image: busybox', 'image: busybox, imagee: x'))
    expect(await kubectl('create', '-f', 'typo.yaml')).toBe(
      'Error from server (BadRequest): error when creating "typo.yaml": Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[1].imagee"',
    )
    const warned = await kubectl('create', '--validate=warn', '--dry-run=server', '-f', 'typo.yaml')
    expect(warned).toContain('Warning: unknown field "spec.containers[1].imagee"')
  })

  it('reads logs and runs commands', async () => {
    const namespace = await newNamespace('streams')
    const run = (...args: string[]) => kubectl('-n', namespace, ...args)
    await run('create', '-f', 'pod.yaml')
    await run('wait', '--for=condition=PodScheduled', 'pod/web', '--timeout=5s')
    expect(await run('logs', 'web', '-c', 'log', '--timestamps', '--tail=3')).toBe('log true 3')
    const both = await run('logs', '-l', 'app=web', '--all-containers', '--prefix')
    // It reads them side by side.
    expect(both.split('\n').sort()).toEqual(['[pod/web/app] app false 10', '[pod/web/log] log false 10'])
    expect(await run('exec', 'web', '-c', 'app', '--', 'true', 'a b')).toBe('true|a b\nto stderr')
    expect(await run('exec', 'web', '-c', 'app', '--', 'false')).toContain(
      'command terminated with exit code 7',
    )
    const typed = await runCommand(
      'kubectl',
      ['-n', namespace, 'exec', '-i', 'web', '-c', 'app', '--', 'true'],
      {
        env: { KUBECONFIG: kubeconfig },
        input: 'x'.repeat(300_000),
      },
    )
    expect(typed.stdout).toBe(`${'x'.repeat(300_000)}true`)
  })

  it('watches until told to stop', async () => {
    const watching = runCommand('kubectl', ['get', 'pods', '-w', '-o', 'name', '--request-timeout=3s'], {
      env: { KUBECONFIG: kubeconfig },
    })
    await test.client.create(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'seen', namespace: 'default' },
      spec: { containers: [{ name: 'app', image: 'a:1' }] },
    })
    expect((await watching).stdout).toContain('pod/seen')
  })
})

/** The part of a kubelet that deletions wait for. */
async function finishDeletions(): Promise<void> {
  const { resourceVersion } = await test.client.list(PODS)
  const changes = test.client.watch(PODS, { resourceVersion, signal: aborter.signal })
  for await (const { type, object } of changes) {
    if (type === 'DELETED' || !object.metadata.deletionTimestamp) continue
    await test.client.delete(PODS, object.metadata, { gracePeriodSeconds: 0 })
  }
}

/** Both outputs of a kubectl run in the test's folder. */
async function kubectl(...args: string[]): Promise<string> {
  const { stdout, stderr } = await runCommand('kubectl', args, {
    cwd: folder,
    env: { KUBECONFIG: kubeconfig, HOME: folder },
  })
  return [stdout, stderr].filter(Boolean).join('\n')
}

async function newNamespace(name: string): Promise<string> {
  await test.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  return name
}
