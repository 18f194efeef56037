/** The container engines that the cluster is measured beside, with an image made of this machine's own busybox. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { runCommand } from '#sandbox/command.ts'
import { messageOf } from '#sandbox/errors.ts'
import { findBinary } from '#sandbox/find-binary.ts'
import { expectSoon, SHELL_COMMAND, twoContainers, type PodRunner } from './pod-runner.ts'
import type { Row } from './row.ts'

const IMAGE = 'localhost/sidecar-bench:1'
const NAME = 'sidecar-bench'
const TIMEOUT_MS = 30_000
const MANIFEST = JSON.stringify(twoContainers(NAME, IMAGE, SHELL_COMMAND))

/** An engine as the rows name it, and how it runs the shell pod. */
export interface Engine extends PodRunner {
  binary: string
  /** Debian packages. */
  packages: string
  /** What {@link PodRunner.start} measures. */
  startName: string
  /** What {@link PodRunner.remove} measures. */
  removeName: string
  /** Arguments that end whatever a broken run left. */
  forget: string[]
}

const podman: Engine = {
  binary: 'podman',
  packages: 'podman',
  startName: 'podman kube play to first sidecar log line, shell pod',
  removeName: 'podman kube down to gone, shell pod',
  forget: ['pod', 'rm', '--force', NAME],
  async start() {
    await run('podman', ['kube', 'play', '-'], MANIFEST)
    await expectSoon(async () => (await run('podman', ['logs', `${NAME}-sidecar`])) !== '')
  },
  async remove() {
    await run('podman', ['kube', 'down', '-'], MANIFEST)
  },
}

/** One container: docker has no pods. */
function createDocker(): Engine {
  let ended: Promise<unknown>
  return {
    binary: 'docker',
    packages: 'docker.io',
    startName: 'docker run --rm to first output, one container',
    removeName: 'docker stop to gone, one container',
    forget: ['rm', '--force', NAME],
    async start() {
      const args = ['run', '--rm', '--name', NAME, IMAGE, ...SHELL_COMMAND]
      const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS })
      const stderr = text(child.stderr)
      ended = once(child, 'close')
      const output = once(child.stdout, 'data').then(() => true)
      if (!(await Promise.race([output, ended.then(() => false)]))) {
        throw new Error(`docker run: ${reasonIn(await stderr)}`)
      }
    },
    // With --rm, `docker run` ends when the container is removed.
    async remove() {
      await run('docker', ['stop', NAME])
      await ended
    },
  }
}

const ENGINES: readonly Engine[] = [podman, createDocker()]

/** The engines that run the shell pod here, their image ready; for each other one a row that says why not. */
export async function openEngines(): Promise<{ usable: Engine[]; missing: Row[] }> {
  await releaseEngines()
  const usable: Engine[] = []
  const missing: Row[] = []
  for (const engine of ENGINES) {
    const note = await whyNot(engine)
    if (note === undefined) usable.push(engine)
    else missing.push({ name: engine.startName, unit: 'ms', runs: 0, note })
  }
  return { usable, missing }
}

async function whyNot(engine: Engine): Promise<string | undefined> {
  const needs = [
    { binary: engine.binary, packages: engine.packages },
    { binary: 'busybox', packages: 'busybox-static' },
  ]
  const absent = needs.filter(({ binary }) => !findBinary(binary))
  if (absent.length > 0) return `apt-get install ${absent.map(({ packages }) => packages).join(' ')}`
  try {
    await importImage(engine)
    await engine.start()
    await engine.remove()
    return undefined
  } catch (error) {
    return `does not run here: ${messageOf(error)}`
  }
}

/** Removes pod, container and image, those of a broken run too. */
export async function releaseEngines(): Promise<void> {
  for (const { binary, forget } of ENGINES.filter((engine) => findBinary(engine.binary))) {
    for (const args of [forget, ['rmi', '--force', IMAGE]]) {
      // What is gone already is no error, and an engine that hangs must not cost the other figures.
      await runCommand(binary, args, { timeoutMs: TIMEOUT_MS }).catch(() => undefined)
    }
  }
}

/** No registry is asked. Needs a busybox that is linked statically. */
async function importImage({ binary }: Engine): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecar-bench-image-'))
  try {
    await mkdir(join(folder, 'bin'))
    await copyFile(findBinary('busybox')!, join(folder, 'bin/busybox'))
    for (const applet of ['sh', 'sleep']) await symlink('busybox', join(folder, 'bin', applet))
    const tar = join(folder, 'image.tar')
    await run('tar', ['-cf', tar, '-C', folder, 'bin'])
    await run(binary, ['import', '--change', 'ENV PATH=/bin', tar, IMAGE])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Standard output; throws the reason when the command fails. */
async function run(file: string, args: string[], input?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(file, args, { input, timeoutMs: TIMEOUT_MS })
  if (exitCode !== 0) throw new Error(`${file} ${args[0]}: ${reasonIn(stderr)}`)
  return stdout
}

/** Engines wrap the reason in lines of progress and advice. */
function reasonIn(stderr: string): string {
  const lines = stderr.trim().split('\n')
  return lines.find((line) => /error/i.test(line)) ?? lines.at(-1)!
}
