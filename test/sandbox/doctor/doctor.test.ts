/** Proves the doctor on machines that lack something: each lack is made, and what it says of it is pinned. */
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runCommand } from '#sandbox/command.ts'
import { openCluster, silentProgress } from '#sandbox/cluster.ts'
import type { NamedFinding } from '#sandbox/doctor/examine.ts'
import { isolatedProvider } from '#test/helpers/embedded-cluster.ts'
import { describeWith, root } from '#test/helpers/needs.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'

const SCRIPT = fileURLToPath(new URL('../../../scripts/workshop.mjs', import.meta.url))
const COMMAND = [process.execPath, SCRIPT, 'doctor', '--json']
const { provider } = await isolatedProvider()

/** What the doctor finds with this environment, started by `command`; random parts of its words made equal. */
async function examineWith(
  env: Record<string, string>,
  command: string[] = COMMAND,
  home = temporaryFolder(),
): Promise<(name: string) => Partial<NamedFinding>> {
  const [file = '', ...args] = command
  const places = { XDG_STATE_HOME: join(home, 'state'), SIDECAR_WORKSHOP_DIR: join(home, 'work') }
  const { stdout } = await runCommand(file, args, { env: { ...places, ...env } })
  const { findings } = JSON.parse(stdout.replaceAll(home, '~').replaceAll(/\.doctor-\w+/g, '.doctor')) as {
    findings: NamedFinding[]
  }
  return (name) => findings.find((finding) => finding.name === name) ?? {}
}

/** A PATH with these programs of the machine only. */
function pathWith(...names: string[]): string {
  const folder = temporaryFolder()
  for (const name of names) symlinkSync(join('/usr/bin', name), join(folder, name))
  return folder
}

describe('the doctor', () => {
  test('says of a machine without tools which are missing, what that costs, and how to get them', async () => {
    const finding = await examineWith({ PATH: pathWith('sh', 'env') })
    const names = ['containers', 'container-engine', 'kind', 'kubectl', 'npm', 'packet-filter']
    expect(names.map(finding)).toMatchSnapshot()
  })

  test('says of a folder that can’t be written which variable chooses another', async () => {
    const place = temporaryFolder({ file: 'not a folder' })
    const finding = await examineWith({ XDG_STATE_HOME: join(place, 'file') }, COMMAND, place)
    expect(finding('folders')).toMatchSnapshot()
  })

  test('says of a proxy that does not answer how to do without', async () => {
    const finding = await examineWith({ HTTPS_PROXY: 'http://user:secret@127.0.0.1:9' })
    expect(finding('proxy')).toMatchSnapshot()
    expect((await examineWith({ HTTPS_PROXY: 'nonsense' }))('proxy').found).toBe(
      'HTTPS_PROXY=nonsense: that is no URL',
    )
  })

  test('says of an old kubectl which versions the kit is tested with', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'kubectl'), `#!/bin/sh\necho '{"clientVersion":{"gitVersion":"v1.20.2"}}'\n`)
    chmodSync(join(folder, 'kubectl'), 0o755)
    const finding = await examineWith({ PATH: `${folder}:${process.env.PATH}` })
    expect(finding('kubectl')).toMatchSnapshot()
  })

  test('mends what needs no root, and says so', async () => {
    await provider.start({ progress: silentProgress })
    onTestFinished(() => provider.stop({ progress: silentProgress }))
    const path = await provider.kubeconfig()
    chmodSync(path, 0o644)
    const env = { XDG_STATE_HOME: process.env.XDG_STATE_HOME!, SIDECAR_WORKSHOP_DIR: temporaryFolder() }
    const told = await runCommand(process.execPath, [SCRIPT, 'doctor'], { env })
    expect(told.stdout).toMatch(/found: it is, and\s[\s\S]*has\s+mode 644/)
    const mended = await runCommand(process.execPath, [SCRIPT, 'doctor', '--fix'], { env })
    expect(mended.stdout).toContain(`Mended: ${path} has mode 600 now`)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('is asked by itself when the cluster does not start', async () => {
    const state = temporaryFolder()
    mkdirSync(join(state, 'sidecar-workshop'))
    writeFileSync(join(state, 'sidecar-workshop', 'clusters'), 'no folder')
    const env = { XDG_STATE_HOME: state, SIDECAR_WORKSHOP_DIR: temporaryFolder() }
    const { exitCode, stderr } = await runCommand(process.execPath, [SCRIPT, 'shell', '1'], { env })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('npm run doctor   tells all it found')
  })
})

describeWith([root], 'on a machine with limits, the doctor', () => {
  /** The command in a user namespace whose limit was lowered: this machine's own stays. */
  const limited = (limit: string) => {
    const script = `echo 0 > /proc/sys/user/${limit}; exec "$@"`
    return ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', ...COMMAND]
  }

  test('says of forbidden namespaces how to allow them', async () => {
    const finding = await examineWith({}, limited('max_net_namespaces'))
    expect(finding('containers')).toMatchSnapshot()
  })

  test('says of inotify’s limit how to raise it', async () => {
    const finding = await examineWith({}, limited('max_inotify_instances'))
    expect(finding('file-events')).toMatchSnapshot()
  })
})

test('a healthy machine is told so, and every probe has its line', async () => {
  const finding = await examineWith({})
  for (const name of [
    'clock',
    'cluster',
    'containers',
    'file-events',
    'folders',
    'memory',
    'node',
    'ports',
  ]) {
    expect(finding(name)).toMatchObject({ name, state: 'ok' })
  }
  expect((await openCluster()).name).toBe('embedded')
})
