/** A real Docker engine for one test file, by hand in namespaces of its own, without a network. */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { runCommand } from '#sandbox/command.ts'
import { findBinary } from '#sandbox/find-binary.ts'
import { until } from '#sandbox/until.ts'
import { binary, root, type Need } from './needs.ts'

/** What describeWith asks for. */
export const dockerNeeds: Need[] = [
  root,
  binary('dockerd', 'apt-get install docker.io'),
  binary('docker', 'apt-get install docker.io'),
  binary('busybox', 'apt-get install busybox-static'),
]

const ended: (() => Promise<void>)[] = []

// Registered while the test file is read: inside another hook it would be too late.
afterAll(async () => {
  for (const end of ended.splice(0)) await end()
})

/**
 * Starts it, points DOCKER_HOST at it for the rest of this file, and answers its folder. Killing its first process ends
 * all of it, containers too.
 */
export async function startDockerEngine(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'docker-'))
  const socket = `unix://${join(folder, 'socket')}`
  const places = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')]
  const network = ['--bridge=none', '--iptables=false', '--ip6tables=false']
  const words = ['dockerd', '--host', socket, ...places, '--pidfile', join(folder, 'pid'), ...network]
  const namespaces = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
  const child = spawn('unshare', [...namespaces, ...words], {
    // On a busy machine containerd writes where it stands into a file there.
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (log += text))
  const closed = new Promise((resolve) => child.once('close', resolve))
  const before = process.env.DOCKER_HOST
  process.env.DOCKER_HOST = socket
  ended.push(async () => {
    child.kill('SIGKILL')
    await closed
    if (before === undefined) delete process.env.DOCKER_HOST
    else process.env.DOCKER_HOST = before
    await until(() => !readFileSync('/proc/mounts', 'utf8').includes(folder), { timeoutMs: 10_000 })
    rmSync(folder, { recursive: true, force: true })
  })
  const isUp = async () => {
    if (child.exitCode !== null) throw new Error(`dockerd ended:\n${log}`)
    return (await runCommand('docker', ['version'])).exitCode === 0
  }
  if (!(await until(isUp, { timeoutMs: 30_000, intervalMs: 100 }))) throw new Error(`dockerd hangs:\n${log}`)
  return folder
}

/** Imports an image of this machine's busybox, linked statically, under each of these names: nothing can be pulled. */
export async function importBusybox(...names: string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'busybox-'))
  try {
    mkdirSync(join(folder, 'bin'))
    cpSync(findBinary('busybox')!, join(folder, 'bin/busybox'))
    for (const applet of ['sh', 'cat', 'ls', 'sleep']) symlinkSync('busybox', join(folder, 'bin', applet))
    const tar = join(folder, 'image.tar')
    await succeed('tar', '-cf', tar, '-C', folder, 'bin')
    for (const name of names) await succeed('docker', 'import', '--change', 'ENV PATH=/bin', tar, name)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Standard output of a command; throws what it said when it fails. */
export async function succeed(file: string, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(file, args)
  if (exitCode !== 0) throw new Error(`${file} ${args.join(' ')}: ${stderr}`)
  return stdout
}
