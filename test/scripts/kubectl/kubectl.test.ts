/** Proves the small kubectl beside the real one: the same command line, the same output and the same exit code. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { NAMESPACES } from '#sandbox/client.ts'
import { runCommand } from '#sandbox/command.ts'
import { until } from '#sandbox/until.ts'
import { startTestCluster } from '#test/helpers/embedded-cluster.ts'
import { kubectlNeeds } from '#test/helpers/kubectl.ts'
import { findKubectls } from '#test/helpers/kubectl-versions.ts'
import { findBinary } from '#sandbox/find-binary.ts'
import { describeWith } from '#test/helpers/needs.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'
import { openTerminal } from '#test/helpers/terminal.ts'

const SMALL = fileURLToPath(new URL('../../../scripts/kubectl/main.ts', import.meta.url))
const WORKSHOP = fileURLToPath(new URL('../../../scripts/workshop.mjs', import.meta.url))
const { client, kubeconfig, state } = await startTestCluster()
const folder = mkdtempSync(join(tmpdir(), 'small-kubectl-'))
const env = { KUBECONFIG: kubeconfig, HOME: folder, NODE_DISABLE_COMPILE_CACHE: '1' }
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const POD = `apiVersion: v1
kind: Pod
metadata: { name: talker, labels: { app: talk } }
spec:
  terminationGracePeriodSeconds: 1
  initContainers:
    - { name: first, image: busybox, command: [sh, -c, 'echo prepared'] }
  containers:
    - { name: app, image: busybox, command: [sh, -c, 'trap exit TERM; printf "one\\ntwo\\nthree\\n"; while true; do sleep 0.1; done'] }
    - { name: sidecar, image: busybox, command: [sh, -c, 'trap exit TERM; echo beside; while true; do sleep 0.1; done'] }
`
const MORE = `apiVersion: v1
kind: ConfigMap
metadata: { name: words }
data: { greeting: "hello: you", count: "1", text: "a\\nb\\n" }
---
apiVersion: v1
kind: Service
metadata: { name: talk }
spec: { selector: { app: talk }, ports: [{ port: 80 }] }
`
for (const [name, text] of [
  ['pod.yaml', POD],
  ['more.yaml', MORE],
  ['changed.yaml', MORE.replace('count: "1"', 'count: "2"').replace(', text: "a\\nb\\n"', '')],
  ['bad.yaml', POD.replace('image: busybox', 'imagee: busybox')],
  ['broken.yaml', 'kind: [\n'],
  ['unknown.yaml', 'apiVersion: v9\nkind: Thing\nmetadata: { name: x }\n'],
] as const) {
  writeFileSync(join(folder, name), text)
}

interface Told {
  exitCode: number
  stdout: string
  stderr: string
}

/** Ages and times differ from one moment to the next, and widths with them; all else is compared. */
function leveled({ exitCode, stdout, stderr }: Told): Told {
  const level = (text: string) =>
    text
      .replaceAll(/\b(\d+[smhd])+\b( ago)?( \(x\d+ over \S+\))?/g, '<age>')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replaceAll(/ {2,}/g, '  ')
      .trimEnd()
  return { exitCode, stdout: level(stdout), stderr: level(stderr) }
}

const run = (file: string, args: string[], more: string[]) =>
  runCommand(file, [...args, ...more], { cwd: folder, env, timeoutMs: 40_000 })
// Versions word some things otherwise: the small one speaks like the newest.
const newest = findKubectls().at(-1)?.path ?? 'kubectl'
const real = (...args: string[]) => run(newest, [], args)
const small = (...args: string[]) => run(process.execPath, [SMALL], args)

const READS = [
  'get pods',
  'get pod talker',
  'get po/talker svc/talk',
  'get pods,services,configmaps',
  'get pods -o wide --no-headers',
  'get pods -A -l app=talk',
  'get pods --field-selector metadata.name=talker -o name',
  'get pod talker -o yaml',
  'get pod talker -o json',
  'get configmap words -o yaml',
  'get cm words -o json',
  'get pods -o jsonpath={.items[*].metadata.name}',
  'get pod talker -o jsonpath={.status.phase}',
  'get pod talker -o jsonpath={range.spec.containers[*]}{.name}{"="}{.image}{"\\n"}{end}',
  'get pod talker -o jsonpath={.spec.containers[?(@.name=="app")].image}',
  'get nodes',
  'get pods -l app=nobody',
  'get pod nobody',
  'get pods nobody talker',
  'get things',
  'get pod nobody --ignore-not-found',
  'get --raw /version',
  'get --raw /api/v1/namespaces/nowhere/pods/x',
  'logs talker',
  'logs talker -c app --tail=2',
  'logs talker app --timestamps',
  'logs talker -c first',
  'logs talker -c nobody',
  'logs nobody',
  'logs talker -c app --since=1h',
  'logs talker -c app --previous',
  'logs -f nobody',
  'exec talker -c app -- echo hello',
  'exec talker -- sh -c exit\t3',
  'exec talker -c app -- cat /nowhere',
  'exec nobody -- true',
  'exec talker',
  'wait pod/talker --for=condition=Ready --timeout=5s',
  'wait pod talker --for=condition=Initialized=true',
  'wait pod/talker --for=jsonpath={.status.phase}=Running',
  'wait pod/talker --for=condition=Ready=false --timeout=1s',
  'wait pod/nobody --for=condition=Ready --timeout=1s',
  'events',
  'events --for pod/talker',
  'events -n default --for pod/nobody',
  'create -f pod.yaml',
  'create -f bad.yaml',
  'apply -f nowhere.yaml',
  'delete pod nobody',
]

/** Makes, changes and removes objects in a namespace of its own, and tells what was said to each command. */
async function write(kubectl: typeof real, namespace: string): Promise<string[]> {
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  const told: string[] = []
  for (const line of WRITES) {
    const { exitCode, stdout, stderr } = leveled(await kubectl('-n', namespace, ...line.split(' ')))
    told.push([line, exitCode, stdout, stderr].join('|').replaceAll(namespace, 'NS'))
  }
  return told
}

const WRITES = [
  'apply -f pod.yaml',
  'apply -f pod.yaml',
  'apply -f more.yaml',
  'apply -f changed.yaml',
  'get configmap words -o jsonpath={.data}',
  'wait --for=condition=Ready pod -l app=talk',
  'delete -f changed.yaml',
  'delete pod talker',
  'get pods',
  'create -f pod.yaml',
  'delete pods --all --force',
]

describeWith(kubectlNeeds, 'beside the real kubectl, the small one', () => {
  test('applies, changes and deletes as the real one', { timeout: 180_000 }, async () => {
    const [expected, came] = await Promise.all([write(real, 'writes-real'), write(small, 'writes-small')])
    expect(came).toEqual(expected)
  })

  test('prints what the real one prints, and ends as it does', { timeout: 180_000 }, async () => {
    await small('apply', '-f', 'pod.yaml')
    await small('apply', '-f', 'more.yaml')
    await real('wait', '--for=condition=Ready', 'pod/talker')
    const differences: object[] = []
    const queue = READS.values()
    const compare = async () => {
      for (const line of queue) {
        const args = line.split(' ').map((word) => word.replaceAll('\t', ' '))
        const [expected, came] = (await Promise.all([real(...args), small(...args)])).map(leveled)
        if (JSON.stringify(expected) !== JSON.stringify(came)) differences.push({ line, expected, came })
      }
    }
    await Promise.all([compare(), compare()])
    expect(differences).toEqual([])
  })

  test('follows logs and changes until it is interrupted, without a word about that', async () => {
    for (const args of [
      ['logs', '-f', 'talker', '-c', 'app'],
      ['get', 'pods', '-w'],
    ]) {
      const child = spawn(process.execPath, [SMALL, ...args], {
        cwd: folder,
        env: { ...process.env, ...env },
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      let [stdout, stderr] = ['', '']
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
      expect(await until(() => /three|talker/.test(stdout), { timeoutMs: 20_000 })).toBe(true)
      const ended = once(child, 'close')
      child.kill('SIGINT')
      expect(await ended).toEqual([130, null])
      expect(stderr).toBe('')
    }
  })
})

test('says of what it does not have that it is the small one, and where the real one is', async () => {
  const verb = await small('drain', 'node')
  expect(verb).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^error: unknown command "drain"[\s\S]*It has:\n {2}apply/),
  })
  expect(verb.stderr).toContain('https://kubernetes.io/docs/tasks/tools/')
  const flag = await small('get', 'pods', '--sort-by', 'x')
  expect(flag).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("unknown flag: --sort-by\nThis is the workshop's small kubectl"),
  })
})

test('stands on the PATH of the lesson’s shell where there is no other', async () => {
  const bin = temporaryFolder()
  for (const name of ['sh', 'bash', 'env', 'cat', 'unshare', 'umount', 'ip', 'perl', 'mount']) {
    const path = findBinary(name)
    if (path) symlinkSync(path, join(bin, name))
  }
  const opened = (PATH: string) =>
    openTerminal(process.execPath, [WORKSHOP, 'shell', '1'], {
      ...env,
      PATH,
      SHELL: '/bin/bash',
      XDG_STATE_HOME: state,
      SIDECAR_WORKSHOP_DIR: temporaryFolder(),
    })
  const without = opened(bin)
  await without.see(/a small one with the verbs of the lessons[\s\S]*\(lesson 1\) /, 30_000)
  without.type('kubectl get pods; type kubectl\n')
  await without.see(/No resources found in lesson-1 namespace\.\n[\s\S]*kubectl is .*\/bin\/kubectl/, 20_000)

  symlinkSync('/bin/true', join(bin, 'kubectl'))
  const withReal = opened(bin)
  expect(await withReal.see(/\(lesson 1\) /, 30_000)).not.toContain('a small one')
  withReal.type('type kubectl\n')
  await withReal.see(new RegExp(`kubectl is ${bin}/kubectl`))
})

test('is quiet when nobody reads on', () => {
  const line = `"${process.execPath}" "${SMALL}" help | head -n 1`
  const { stdout, stderr } = spawnSync('sh', ['-c', line], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  expect({ stdout, stderr }).toEqual({
    stdout: "This is the workshop's small kubectl. It has:\n",
    stderr: '',
  })
})
