/** Proves the kind provider: as far as kind itself comes without a network, and by its recorded answers beyond. */
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openCluster, silentProgress, type Progress } from '#sandbox/cluster.ts'
import { runCommand } from '#sandbox/command.ts'
import { kitImages } from '#sandbox/containers/kit-images.ts'
import { readKubeconfig } from '#sandbox/kubeconfig.ts'
import { createFailure, NODE_IMAGE } from '#sandbox/kind/create.ts'
import { dockerNeeds, importBusybox, startDockerEngine, succeed } from '#test/helpers/docker-engine.ts'
import { startTestCluster } from '#test/helpers/embedded-cluster.ts'
import { isolation } from '#test/helpers/in-node-namespace.ts'
import { binary, describeWith } from '#test/helpers/needs.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'

const FIXTURES = fileURLToPath(new URL('../../fixtures/kind', import.meta.url))
const SCRIPT = fileURLToPath(new URL('../../../scripts/workshop.mjs', import.meta.url))
const NODE = 'sidecar-workshop-control-plane'
const kindNeed = binary('kind', 'apt-get install kind, from Debian 13 on; or https://kind.sigs.k8s.io')
const provider = await openCluster('kind')
/** Builds and two commands, on a machine that does other things too. */
const LONG = { timeout: 180_000 }

/** A progress that remembers its stages as a person sees them. */
function spoken(): { progress: Progress; seen: string[] } {
  const seen: string[] = []
  const stage = (title: string) => ({
    done: () => void seen.push(`✓ ${title}`),
    failed: () => void seen.push(`✗ ${title}`),
  })
  return { progress: { stage }, seen }
}

describeWith([...dockerNeeds, isolation], 'with a Docker engine', () => {
  let cluster: Awaited<ReturnType<typeof startTestCluster>>
  let folder: string

  beforeAll(async () => {
    cluster = await startTestCluster()
    folder = join(cluster.state, 'sidecar-workshop/clusters/kind')
    await startDockerEngine()
  })

  describeWith([kindNeed], 'kind itself', () => {
    test('without a network says that the node image can’t be had, what it tried, and what to do; and leaves nothing', async () => {
      const { progress, seen } = spoken()
      await expect(provider.start({ progress })).rejects.toMatchObject({
        message: expect.stringMatching(
          /^the registry is out of reach, and the node image kindest\/node:v1\.34\.11 is not here yet:\nERROR: failed to create cluster: failed to pull image "kindest\/node:v1\.34\.11@sha256:\w+": .*\nCommand Output: .*network is unreachable$/s,
        ) as string,
        hint: `with a network, once: docker pull ${NODE_IMAGE}\nwithout one, the embedded cluster does: --cluster embedded`,
      })
      expect(seen).toEqual(['✗ kind: Ensuring node image (kindest/node:v1.34.11)'])
      expect(existsSync(folder)).toBe(false)
      expect(await succeed('docker', 'ps', '--all', '--quiet')).toBe('')
    })

    test('has no cluster before: down is fine, info and kubeconfig say so', async () => {
      const { progress, seen } = spoken()
      await provider.stop({ progress })
      expect(seen).toEqual(['✓ Stopping the kind cluster'])
      expect(await provider.info()).toMatchObject({ running: false })
      await expect(provider.kubeconfig()).rejects.toMatchObject({
        message: 'the kind cluster is not running',
        hint: 'npm run cluster up kind',
      })
    })
  })

  describe('by the recorded answers of kind', () => {
    let standin: string

    const recorded = (name: string) => readFileSync(join(standin, name), 'utf8').trim().split('\n')

    beforeEach(({ onTestFinished }) => {
      const [bin, before] = [temporaryFolder(), process.env.PATH]
      standin = temporaryFolder()
      copyFileSync(join(FIXTURES, 'kind'), join(bin, 'kind'))
      copyFileSync(cluster.kubeconfig, join(standin, 'kubeconfig'))
      copyFileSync(join(FIXTURES, 'create-v0.31.0.txt'), join(standin, 'create.txt'))
      process.env.PATH = `${bin}${delimiter}${before}`
      process.env.KIND_STANDIN = standin
      onTestFinished(async () => {
        await provider.stop({ progress: silentProgress })
        process.env.PATH = before
        delete process.env.KIND_STANDIN
      })
    })

    test('up shows its stages, keeps a kubeconfig of its own, and leaves a cluster that runs alone', async () => {
      const { progress, seen } = spoken()
      await provider.start({ progress, workers: 2 })
      expect(seen).toEqual([
        '✓ kind: Ensuring node image (kindest/node:v1.35.0)',
        '✓ kind: Preparing nodes',
        '✓ kind: Writing configuration',
        '✓ kind: Starting control-plane',
        '✓ kind: Installing CNI',
        '✓ kind: Installing StorageClass',
        '✓ kind: Waiting ≤ 2m0s for control-plane = Ready',
      ])
      expect(JSON.parse(readFileSync(join(standin, 'config'), 'utf8'))).toEqual({
        kind: 'Cluster',
        apiVersion: 'kind.x-k8s.io/v1alpha4',
        nodes: ['control-plane', 'worker', 'worker'].map((role) => ({ role, image: NODE_IMAGE })),
      })
      const create = recorded('calls').find((call) => call.startsWith('create'))
      expect(create).toBe(
        `create cluster --name sidecar-workshop --kubeconfig ${folder}/kubeconfig.kind --wait 2m --config -`,
      )
      const path = await provider.kubeconfig()
      expect(statSync(path).mode & 0o777).toBe(0o600)
      expect((await readKubeconfig(path)).images).toEqual({ 'ttbb/base': 'ttbb/base:workshop' })

      await provider.start({ progress: silentProgress })
      expect(recorded('calls').filter((call) => call.startsWith('create'))).toHaveLength(1)
      expect(await provider.info()).toMatchObject({ running: true, details: { nodes: '1' } })
    })

    test('a lesson that wants more nodes than there are says how to get them', async () => {
      await provider.start({ progress: silentProgress })
      await expect(provider.start({ progress: silentProgress, workers: 2 })).rejects.toMatchObject({
        message: 'the kind cluster has 1 of the 3 nodes that this lesson needs',
        hint: 'npm run cluster down kind, and open the lesson again',
      })
    })

    test('nodes that were stopped are started, and down forgets all', async () => {
      await importBusybox('busybox:1')
      await succeed('docker', 'create', '--network=none', '--name', NODE, 'busybox:1', 'sleep', '600')
      await provider.start({ progress: silentProgress })
      await provider.stop({ progress: silentProgress, keepState: true })
      await expect(provider.kubeconfig()).rejects.toMatchObject({ hint: 'npm run cluster up kind' })
      const { progress, seen } = spoken()
      await provider.start({ progress })
      expect(seen).toEqual(['✓ Starting the nodes of the kind cluster'])
      expect(await succeed('docker', 'ps', '--format', '{{.Names}}')).toBe(NODE)
      await succeed('docker', 'rm', '--force', NODE)
      await provider.stop({ progress: silentProgress })
      expect(existsSync(folder)).toBe(false)
    })

    test(
      'the images of a lesson are built and loaded as archives, once; and the lesson plays',
      LONG,
      async () => {
        const images = await kitImages({ wanted: ['ttbb/base', 'ttbb/nginx:mate'] })
        await importBusybox(...images.map(({ base }) => base))
        const [HOME, desk] = [temporaryFolder(), temporaryFolder()]
        const env = { XDG_STATE_HOME: cluster.state, HOME, SIDECAR_WORKSHOP_DIR: desk }
        const run = (...args: string[]) =>
          runCommand(process.execPath, [SCRIPT, ...args], { env, timeoutMs: 120_000 })
        const { exitCode, stdout, stderr } = await run('lesson', '1', '--step', '6', '--cluster', 'kind')
        expect({ exitCode, stdout }).toMatchObject({
          exitCode: 0,
          stdout: expect.stringContaining('The last 1 steps are done.'),
        })
        expect(stderr).toContain('Loading ttbb/nginx:mate')
        expect(recorded('loaded').sort()).toEqual(['ttbb/base:workshop', 'ttbb/nginx:mate'])
        // The next command goes there by itself, and finds nothing to load.
        const next = await run('solve', '1')
        expect(next.stderr).toBe('Cluster: kind, until you choose another, as in: --cluster embedded')
        expect(next.exitCode).toBe(0)
        expect(recorded('loaded')).toHaveLength(2)
        expect(existsSync(join(HOME, '.kube'))).toBe(false)
        await run('cluster', 'status', '--cluster', 'embedded')
      },
    )

    test('a start that fails is explained, and cleaned up', async () => {
      copyFileSync(join(FIXTURES, 'create-fails-v0.30.0.txt'), join(standin, 'create.txt'))
      const { progress, seen } = spoken()
      await expect(provider.start({ progress })).rejects.toMatchObject({
        message: expect.stringContaining(
          'the nodes do not boot:\nERROR: failed to create cluster: could not find a log line that matches',
        ) as string,
        hint: expect.stringContaining(
          'sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512',
        ) as string,
      })
      expect(seen.at(-1)).toBe('✗ kind: Preparing nodes')
      expect(recorded('calls').at(-1)).toContain('delete cluster')
      expect(existsSync(folder)).toBe(false)
    })
  })
})

describe('on a machine without', () => {
  /** What the provider misses when PATH holds nothing but these binaries, which all fail with the same words. */
  async function missing(binaries: string[], words = ''): Promise<string> {
    const [bin, before] = [temporaryFolder(), process.env.PATH]
    for (const name of binaries) {
      writeFileSync(join(bin, name), `#!/bin/sh\necho '${words}' >&2\nexit 1\n`, { mode: 0o755 })
    }
    process.env.PATH = bin
    try {
      const { message, hint } = (await provider.isAvailable())!
      return `${message}\n→ ${hint.split('\n')[0]}`
    } finally {
      process.env.PATH = before
    }
  }

  test('kind, or an engine that answers, the line that mends it is said', async () => {
    expect(await missing([])).toMatch(/^kind is not on your PATH\n→ .*kind/)
    expect(await missing(['kind'])).toMatch(/^neither docker nor podman is on your PATH\n→ .*docker/)
    const silent =
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?'
    expect(await missing(['kind', 'docker'], silent)).toBe(
      `docker does not answer:\n${silent}\n→ sudo systemctl start docker`,
    )
  })
})

describe('what kind says when it fails', () => {
  const docker = { name: 'docker', kindEnv: {} } as const
  const told = (stderr: string) => {
    const { message, hint } = createFailure(stderr, docker)
    return `${message}\n→ ${hint}`
  }

  test('is told as what happened, in its own last words, and what to type', () => {
    expect(
      told(
        'ERROR: failed to list nodes: command "docker ps" failed with error: exit status 1\nCommand Output: permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.54/containers/json": dial unix /var/run/docker.sock: connect: permission denied',
      ),
    ).toMatchInlineSnapshot(`
      "you may not speak to docker:
      ERROR: failed to list nodes: command "docker ps" failed with error: exit status 1
      Command Output: permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.54/containers/json": dial unix /var/run/docker.sock: connect: permission denied
      → sudo usermod -aG docker "$USER", then log out and in again (for this shell alone: newgrp docker)"
    `)
    expect(
      told(
        'ERROR: failed to list nodes: command "docker ps" failed with error: exit status 1\nCommand Output: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      ),
    ).toMatchInlineSnapshot(`
      "docker does not answer:
      ERROR: failed to list nodes: command "docker ps" failed with error: exit status 1
      Command Output: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?
      → sudo systemctl start docker"
    `)
    expect(
      told(
        'ERROR: failed to create cluster: node(s) already exist for a cluster with the name "sidecar-workshop"',
      ),
    ).toMatchInlineSnapshot(`
      "nodes of an earlier start are left:
      ERROR: failed to create cluster: node(s) already exist for a cluster with the name "sidecar-workshop"
      → npm run cluster down kind, and try again"
    `)
    expect(
      told(
        'ERROR: failed to create cluster: failed to pull image "kindest/node:v1.34.11": command "docker pull kindest/node:v1.34.11" failed with error: exit status 1\nCommand Output: Error response from daemon: toomanyrequests: You have reached your pull rate limit.',
      ),
    ).toMatchInlineSnapshot(`
      "Docker Hub gives this address no more images for now:
      ERROR: failed to create cluster: failed to pull image "kindest/node:v1.34.11": command "docker pull kindest/node:v1.34.11" failed with error: exit status 1
      Command Output: Error response from daemon: toomanyrequests: You have reached your pull rate limit.
      → docker login, or try again in an hour"
    `)
    expect(told('ERROR: write /var/lib/docker/tmp/x: no space left on device')).toMatchInlineSnapshot(`
      "the disk is full:
      ERROR: write /var/lib/docker/tmp/x: no space left on device
      → make room, as with: docker system prune, or podman system prune"
    `)
    expect(told('ERROR: something new')).toMatchInlineSnapshot(`
      "kind could not make the cluster:
      ERROR: something new
      → see https://kind.sigs.k8s.io/docs/user/known-issues/ (the kit is made for kind v0.33.0: kind version), or go on without
      kind: --cluster embedded"
    `)
  })
})
