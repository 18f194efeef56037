/** Proves the command line: which command runs, what errors say, which exit code they give. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { runCommand } from '#sandbox/command.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'
import { commandNames, loadCommand } from '../../scripts/workshop.ts'

const SCRIPT = fileURLToPath(new URL('../../scripts/workshop.mjs', import.meta.url))

function workshop(...args: string[]) {
  const home = temporaryFolder()
  const env = { XDG_STATE_HOME: home, SIDECAR_WORKSHOP_DIR: `${home}/work`, NO_COLOR: '1' }
  return runCommand(process.execPath, [SCRIPT, ...args], { env })
}

describe('the command line', () => {
  test('has a summary, a usage and a run for every file in commands/', async () => {
    for (const name of await commandNames()) {
      const { summary, usage, run } = await loadCommand(name)
      expect({ name, summary, usage }).toEqual({
        name,
        summary: expect.stringMatching(/^\S.{5,90}[^.]$/),
        usage: expect.stringContaining(name),
      })
      expect(run).toBeTypeOf('function')
    }
  })

  test('lists what there is for an unknown command', async () => {
    const { exitCode, stderr, stdout } = await workshop('lessn')
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(/^✗ there is no command “lessn”\n→ The commands are:/)
    expect(stderr).toContain('npm run check')
  })

  test('shows a command’s usage for an unknown option, and for --help', async () => {
    const wrong = await workshop('check', '1', '--jsn')
    expect(wrong.exitCode).toBe(2)
    expect(wrong.stderr).toContain("Unknown option '--jsn'")
    const help = await workshop('check', '--help')
    expect(help).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('npm run check 1') })
    expect(wrong.stderr.replaceAll(/^( {2}|→ )/gm, '')).toContain(help.stdout.split('\n')[1])
  })

  test('names the lessons there are for an unknown one', async () => {
    for (const command of ['lesson', 'check', 'shell']) {
      const { exitCode, stderr } = await workshop(command, '99')
      expect(exitCode).toBe(2)
      expect(stderr).toMatch(/there is no lesson “99”\n→ type a number: 1 /)
    }
  })

  test('is old JavaScript in the file that an old Node reads first', () => {
    const text = readFileSync(SCRIPT, 'utf8')
    expect(text).not.toMatch(/\?\?=|\|\|=|#\w+ =|import .* from/)
  })
})

describe('check without a cluster', () => {
  test('exits 2, and says how to get one', async () => {
    const { exitCode, stderr } = await workshop('check', '1')
    expect(exitCode).toBe(2)
    expect(stderr).toContain('npm run cluster up')
  })

  test('is the verdict “broken” for machines', async () => {
    const { exitCode, stdout } = await workshop('check', '1', '--json')
    expect(exitCode).toBe(2)
    const report = JSON.parse(stdout) as { steps: unknown[] }
    expect(report).toMatchObject({
      lesson: 1,
      name: '01-log-collection',
      namespace: 'lesson-1',
      verdict: 'broken',
    })
    expect(report.steps[0]).toMatchObject({
      verdict: 'broken',
      because: expect.any(String),
      hint: expect.any(String),
    })
  })
})
