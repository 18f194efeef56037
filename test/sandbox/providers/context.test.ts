/** Proves that the kit is a good guest: one namespace, what it brought and nothing else, and asked before it enters. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { openCluster, silentProgress, type GuestOptions } from '#sandbox/cluster.ts'
import { CONFIG_MAPS, NAMESPACES, PODS } from '#sandbox/client.ts'
import { runCommand } from '#sandbox/command.ts'
import { Deployer } from '#sandbox/course/deploy.ts'
import { findLesson } from '#sandbox/course/lesson.ts'
import { filesAfter } from '#sandbox/course/states.ts'
import { isLocal } from '#sandbox/guest.ts'
import { connect, readKubeconfig } from '#sandbox/kubeconfig.ts'
import { parseKubeconfig, writeOwnKubeconfig } from '#sandbox/kubeconfig-file.ts'
import { listOwnObjects } from '#sandbox/own-objects.ts'
import { loadSuite } from '#test/conformance/requirement.ts'
import { createStages } from '#test/conformance/stage.ts'
import { startTestCluster } from '#test/helpers/embedded-cluster.ts'
import { kubectlNeeds } from '#test/helpers/kubectl.ts'
import { openLimitedApi } from '#test/helpers/limited-api.ts'
import { describeWith } from '#test/helpers/needs.ts'
import { openTerminal } from '#test/helpers/terminal.ts'
import type { CheckReport } from '../../../scripts/commands/check.ts'

const SCRIPT = fileURLToPath(new URL('../../../scripts/workshop.mjs', import.meta.url))
const { client, connection, kubeconfig, state } = await startTestCluster()
const limited = await openLimitedApi(connection)
const desk = mkdtempSync(join(tmpdir(), 'desk-'))
/** Five commands, on a machine that does other things too. */
const LONG = { timeout: 180_000 }
afterAll(() => rmSync(desk, { recursive: true, force: true }))

/** A namespace that somebody made, with something of theirs in it. */
async function makeNamespace(name: string): Promise<void> {
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const metadata = { name: 'theirs', namespace: name }
  await client.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: {} })
}

const isTheirsThere = async (namespace: string) =>
  (await client.find(CONFIG_MAPS, { name: 'theirs', namespace })) !== undefined

/** The provider of a context in these kubeconfigs, started in a namespace. */
async function enter(context: string, paths: string, guest: GuestOptions) {
  process.env.KUBECONFIG = paths
  const provider = await openCluster(`context:${context}`)
  await provider.start({ progress: silentProgress, guest })
  return provider
}

function run(paths: string, ...args: string[]) {
  const env = { XDG_STATE_HOME: state, SIDECAR_WORKSHOP_DIR: desk, KUBECONFIG: paths }
  return runCommand(process.execPath, [SCRIPT, ...args], { env, timeoutMs: 120_000 })
}

describe('with rights in one namespace only', () => {
  test(
    'a lesson is played, solved, judged and reset there, and nothing is written anywhere else',
    LONG,
    async () => {
      await makeNamespace('team-a')
      const paths = await limited.kubeconfigFor('team-a')
      const there = ['--cluster', 'context:limited', '--namespace', 'team-a']
      const played = await run(paths, 'lesson', '1', '--step', '6', ...there)
      expect(played).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining('The last 1 steps are done.'),
      })

      await run(paths, 'solve', '1', '--step', '1')
      const checked = await run(paths, 'check', '1', '--json')
      const report = JSON.parse(checked.stdout) as CheckReport
      expect(report).toMatchObject({ namespace: 'team-a', verdict: 'not yet' })
      expect(await listOwnObjects(client, 'team-a')).not.toEqual([])
      await run(paths, 'reset', '1')
      expect(await listOwnObjects(client, 'team-a')).toEqual([])

      const status = await run(paths, 'cluster', 'status')
      expect(status.stdout).toMatch(/^cluster +context:limited\n[^]*^namespace +team-a$/m)
      await run(paths, 'cluster', 'down')
      expect(await isTheirsThere('team-a')).toBe(true)
      expect([...new Set(limited.refused)]).toEqual(['GET /api/v1/namespaces/team-a'])
    },
  )

  test('a namespace that is another’s is named, with what to type', async () => {
    const paths = await limited.kubeconfigFor('team-b')
    await expect(enter('limited', paths, { namespace: 'team-c' })).rejects.toMatchObject({
      message:
        'you may not see the pods of namespace team-c: forbidden: User "learner" cannot GET path "/api/v1/namespaces/team-c/pods"',
      hint: 'name one that is yours: --namespace NS; or ask whoever runs the cluster for one',
    })
  })
})

describe('a login plugin', () => {
  /** A kubeconfig whose plugin answers what the script prints. */
  async function withPlugin(script: string): Promise<string> {
    const config = await parseKubeconfig(await limited.kubeconfigFor('team-e'))
    const path = join(desk, 'plugin')
    writeFileSync(join(desk, 'login'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: './login',
      env: [{ name: 'WHO', value: 'team-e' }],
    }
    await writeOwnKubeconfig(path, { ...config, users: [{ name: 'limited', user: { exec } }] })
    return path
  }

  test('is run for a token, and again when the token has expired', async () => {
    await makeNamespace('team-e')
    const used = join(desk, 'used')
    const answer = (token: string) =>
      `echo '{ "kind": "ExecCredential", "status": { "token": "'${token}'" } }'`
    const path = await withPlugin(
      `if [ -e ${used} ]; then ${answer('only-$WHO')}; else ${answer('expired')}; fi; touch ${used}`,
    )
    const provider = await enter('limited', path, { namespace: 'team-e' })
    rmSync(used)
    const stale = await readKubeconfig(await provider.kubeconfig())
    expect(stale.token).toBe('expired')
    const { items } = await connect(stale).list(CONFIG_MAPS, { namespace: 'team-e' })
    expect(items.map(({ metadata }) => metadata.name)).toContain('theirs')
    expect(stale.token).toBe('only-team-e')
    await provider.stop({ progress: silentProgress })
  })

  test('that fails is named, in its own words', async () => {
    const path = await withPlugin('echo "session is over: run cloud login" >&2; exit 1')
    await expect(enter('limited', path, { namespace: 'team-e' })).rejects.toMatchObject({
      message: `the login plugin of the kubeconfig failed: ${desk}/login\nsession is over: run cloud login`,
      hint: `run it by hand: ${desk}/login`,
    })
  })
})

const chapters = (await loadSuite()).filter(({ name }) => name === 'native sidecars')

describeWith(kubectlNeeds, 'with rights in one namespace only, as everywhere,', () => {
  for (const { title, follows, check } of chapters.flatMap(({ requirements }) => requirements)) {
    // oxlint-disable-next-line vitest/expect-expect -- what a requirement checks is in its own file
    test.concurrent(`${title} [${follows}]`, LONG, async () => {
      const openStage = await createStages(kubeconfig, (namespace) => limited.kubeconfigFor(namespace))
      const stage = await openStage()
      await check(stage)
      await stage.close()
    })
  }
})

describe('with every right', () => {
  test('the namespace is made, kept to, and removed by down', async () => {
    const provider = await enter('sidecar-workshop', kubeconfig, { namespace: 'guest-a' })
    expect(await client.find(NAMESPACES, { name: 'guest-a' })).toBeDefined()
    const guest = await readKubeconfig(await provider.kubeconfig())
    const files = new Map([
      ['a.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: { name: elsewhere }\n'],
      ['b.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: mine }\n'],
    ])
    const { changes, problems } = await new Deployer(connect(guest), 'guest-a').deploy(files)
    expect(changes.map(({ name }) => name)).toEqual(['mine'])
    expect(problems.map(({ what }) => what)).toEqual([
      'the workshop is a guest in this cluster and changes nothing outside namespace “guest-a”: POST /api/v1/namespaces',
    ])
    await provider.stop({ progress: silentProgress })
    expect(
      (await client.find(NAMESPACES, { name: 'guest-a' }))?.metadata.deletionTimestamp ?? 'gone',
    ).toBeTruthy()
    await expect(provider.kubeconfig()).rejects.toMatchObject({
      message: 'nothing is set up in context:sidecar-workshop',
      hint: 'npm run cluster up context:sidecar-workshop',
    })
  })

  test('the next lesson takes the place of the one before, and images come from the registry that was named', async () => {
    const registry = 'registry.example.com/workshop'
    const provider = await enter('sidecar-workshop', kubeconfig, { namespace: 'guest-b', registry })
    const guest = await readKubeconfig(await provider.kubeconfig())
    const lesson = await findLesson('1')
    const deploy = async (files: ReadonlyMap<string, string>) =>
      await new Deployer(connect(guest), 'guest-b', guest.images).deploy(new Map(files))
    await deploy(await filesAfter(lesson, 1))
    const { spec } = await client.get(PODS, { name: 'webserver', namespace: 'guest-b' })
    expect(spec.containers.map(({ image }) => image)).toEqual([
      `${registry}/ttbb/nginx:mate`,
      `${registry}/ttbb/base:workshop`,
      'node:24',
    ])
    const next = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: next }\n'
    expect((await deploy(new Map([['next.yaml', next]]))).problems).toEqual([])
    const left = (await listOwnObjects(client, 'guest-b')).map(({ object }) => object.metadata.name)
    expect(left).toEqual(['next'])
    await provider.stop({ progress: silentProgress })
  })

  test('a namespace that is everybody’s, or that holds somebody’s pods, is refused', async () => {
    await expect(enter('sidecar-workshop', kubeconfig, { namespace: 'kube-system' })).rejects.toMatchObject({
      message: 'namespace kube-system is not for lessons: they replace and remove what is in theirs',
      hint: 'give the workshop one of its own: --namespace sidecar-workshop',
    })
    await makeNamespace('busy')
    const spec = { containers: [{ name: 'app', image: 'busybox', command: ['sleep', '600'] }] }
    const metadata = { name: 'precious', namespace: 'busy' }
    await client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata, spec })
    await expect(enter('sidecar-workshop', kubeconfig, { namespace: 'busy' })).rejects.toMatchObject({
      message: "namespace busy holds pods that are not the workshop's: precious",
      hint: 'a lesson could replace them: give it a namespace without, --namespace NS',
    })
    await client.delete(PODS, metadata, { gracePeriodSeconds: 0 })
  })
})

describe('a cluster that is not on this machine', () => {
  const far = join(desk, 'far')

  test.each([
    ['https://127.0.0.1:6443', true],
    ['https://localhost:6443', true],
    ['https://[::1]:6443', true],
    ['https://kubernetes.docker.internal:6443', true],
    ['https://127.0.0.1.example.com', false],
    ['https://172.17.0.2:6443', false],
    ['https://prod.example.com', false],
  ])('%s is here: %s', (server, here) => {
    expect(isLocal(server)).toBe(here)
  })

  test('is not written to unless somebody says so', async () => {
    await writeOwnKubeconfig(far, {
      'current-context': 'prod',
      contexts: [{ name: 'prod', context: { cluster: 'prod', user: 'me' } }],
      clusters: [{ name: 'prod', cluster: { server: 'https://192.0.2.1:6443' } }],
      users: [{ name: 'me', user: { token: 'x' } }],
    })
    const question = 'https://192.0.2.1:6443 is not on this machine. Work there, in namespace guest-c?'
    await expect(enter('prod', far, { namespace: 'guest-c' })).rejects.toMatchObject({
      message: `${question} Nobody is here to say so.`,
      hint: 'add --yes to say it now',
    })
    const asked: string[] = []
    const confirm = async (text: string) => {
      asked.push(text)
      return false
    }
    await expect(enter('prod', far, { namespace: 'guest-c', confirm })).rejects.toMatchObject({
      message: 'nothing was changed there',
    })
    expect(asked).toEqual([question])
    const typed = await run(far, 'lesson', '1', '--cluster', 'context:prod', '--namespace', 'guest-c')
    expect(typed).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Nobody is here to say so.') })

    const words = [SCRIPT, 'solve', '1', '--cluster', 'context:prod', '--namespace', 'guest-c']
    const env = { XDG_STATE_HOME: state, SIDECAR_WORKSHOP_DIR: desk, KUBECONFIG: far }
    const terminal = openTerminal(process.execPath, words, env)
    await terminal.see(/in namespace guest-c\? \[y\/N\] /)
    terminal.type('n\r')
    await terminal.see(/nothing was changed there/)
    expect(await terminal.exit()).toBe(2)
  })
})

describe('the learner’s kubeconfig', () => {
  test('is read, merged as kubectl does, and left as it is; ours holds one context of it', async () => {
    const [first, second, ca] = ['first', 'second', 'ca.pem'].map((name) => join(desk, name)) as [
      string,
      string,
      string,
    ]
    writeFileSync(ca, connection.ca!)
    const cluster = { server: connection.server, 'certificate-authority': 'ca.pem' }
    await writeOwnKubeconfig(first, {
      contexts: [{ name: 'team/dev:1', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster }],
    })
    await writeOwnKubeconfig(second, {
      'current-context': 'other',
      contexts: [{ name: 'other', context: { cluster: 'elsewhere', user: 'u' } }],
      users: [
        { name: 'u', user: { token: connection.token! } },
        { name: 'secret', user: { token: 'of somebody else' } },
      ],
    })
    const before = readFileSync(first, 'utf8') + readFileSync(second, 'utf8')
    const provider = await enter('team/dev:1', `${first}:${second}`, { namespace: 'guest-d' })
    const path = await provider.kubeconfig()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(await parseKubeconfig(path)).toMatchObject({
      contexts: [{ name: 'team/dev:1', context: { namespace: 'guest-d' } }],
      users: [{ name: 'u' }],
    })
    expect(readFileSync(path, 'utf8')).not.toContain('of somebody else')
    expect(readFileSync(first, 'utf8') + readFileSync(second, 'utf8')).toBe(before)
    await provider.stop({ progress: silentProgress })
    await expect(enter('nowhere', `${first}:${second}`, {})).rejects.toMatchObject({
      message: `${first} and ${second}: no context “nowhere”`,
      hint: 'choose one of: context:team/dev:1, context:other',
    })
  })
})
