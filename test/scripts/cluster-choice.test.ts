/** Proves which cluster a command goes to: the typed one, the one that was chosen before, or the embedded one. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { runCommand } from '#sandbox/command.ts'
import { startTestCluster } from '#test/helpers/embedded-cluster.ts'

const SCRIPT = fileURLToPath(new URL('../../scripts/workshop.mjs', import.meta.url))
const { state } = await startTestCluster()
const choice = join(state, 'sidecar-workshop', 'cluster')

const run = (...args: string[]) =>
  runCommand(process.execPath, [SCRIPT, ...args], { env: { XDG_STATE_HOME: state, NO_COLOR: '1' } })

describe('the chosen cluster', () => {
  test('is the embedded one, without a word, until somebody chooses', async () => {
    const { exitCode, stdout, stderr } = await run('cluster', 'status')
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toMatch(/^cluster +embedded$/m)
  })

  test('is remembered once it has answered, and said in one line', async () => {
    await run('check', '1', '--cluster', 'embedded')
    expect(readFileSync(choice, 'utf8')).toBe('embedded\n')
    const { stderr } = await run('cluster', 'up', 'embedded')
    expect(stderr).toContain('Cluster: embedded, until you choose another, as in: --cluster kind')
  })

  test('that there is not is an error that lists those there are, and changes nothing', async () => {
    const { exitCode, stderr } = await run('check', '1', '--cluster', 'minikube')
    expect(exitCode).toBe(2)
    expect(stderr).toContain('there is no cluster “minikube”\n→ choose one of: context, embedded, kind')
    expect(readFileSync(choice, 'utf8')).toBe('embedded\n')
    const coloned = await run('cluster', 'status', '--cluster', 'embedded:x')
    expect(coloned.stderr).toContain('there is no cluster “embedded:x”')
  })

  test('is where later commands go', async () => {
    writeFileSync(choice, 'nowhere\n')
    const { stderr } = await run('cluster', 'status')
    expect(stderr).toContain('there is no cluster “nowhere”')
    expect((await run('cluster', 'status', '--cluster', 'embedded')).exitCode).toBe(0)
  })
})
