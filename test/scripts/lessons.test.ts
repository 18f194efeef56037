/** Proves the command that proves lessons: what it calls false, how it tells that, and what it leaves behind. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { runCommand } from '#sandbox/command.ts'
import { until } from '#sandbox/until.ts'
import { startProcess } from '#test/helpers/program.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'
import { tinyCourse } from '#test/helpers/tiny-course.ts'

const SCRIPT = fileURLToPath(new URL('../../scripts/workshop.mjs', import.meta.url))

/** The tiny course with checks that judge it well, and with these files in place of its own. */
function course(changes: Record<string, string> = {}): string {
  return temporaryFolder({ ...tinyCourse(), '01-tiny-course/check.ts': CHECKS, ...changes })
}

async function lessons(...args: string[]) {
  const home = temporaryFolder()
  const env = { XDG_STATE_HOME: home, NO_COLOR: '1' }
  const { exitCode, stdout, stderr } = await runCommand(process.execPath, [SCRIPT, 'lessons', ...args], {
    env,
  })
  // Nothing of it is the learner's.
  expect(readdirSync(home)).toEqual([])
  return {
    exitCode,
    stderr,
    stdout: stdout.replaceAll(/ *\d+\.\d$/gm, ' SECONDS').replace(/in \d+ s/, 'in SECONDS'),
  }
}

describe('npm run lessons', () => {
  test('shows a row for each step, plainly where there is no terminal', async () => {
    const { exitCode, stdout, stderr } = await lessons('--folder', course(), '--repeat', '2', '1')
    expect(stdout).toMatchInlineSnapshot(`
      "
                          start  solution  answers             repeats  false  seconds
      1 Tiny course
        look              fails  passes    0 right, 0 wrong          2      0 SECONDS
        mend              fails  passes    0 right, 1 wrong          2      0 SECONDS

      14 verdicts in SECONDS, none of them false."
    `)
    expect(stderr).toMatch(/^ {2}✓ Starting the API server .*$/)
    expect(exitCode).toBe(0)
  })

  test('tells each false verdict with its case, what was expected, what came, and the evidence', async () => {
    const folder = course({
      '01-tiny-course/start/sidecar.ts': '// looked\n',
      '01-tiny-course/answers/mend/kept/answer.yaml': 'verdict: done\nwhy: It is no answer.\n',
      '01-tiny-course/answers/mend/too-far/answer.yaml': WRONG_HINT,
    })
    const { exitCode, stdout } = await lessons('--folder', folder)
    expect(stdout).toMatchInlineSnapshot(`
      "
                          start  solution  answers             repeats  false  seconds
      1 Tiny course
        look              ✗      passes    0 right, 0 wrong          1      1 SECONDS
        ✗ the start
          expected not yet
          ✓ look
            seen in configmap code:
            │ what was seen
        mend              fails  passes    ✗ 1 right, 1 wrong        1      2 SECONDS
        ✗ the answer mend/kept
          expected done
          ○ mend: not yet
            nothing is mended
        ✗ the answer mend/too-far
          expected not yet with the hint “not far enough”
          ○ mend: not yet
            the program differs
            seen in configmap code:
            │ what was seen
            Hint: You went too far

      8 verdicts in SECONDS, 3 of them false."
    `)
    expect(exitCode).toBe(1)
  })

  test('calls a check that breaks false, and a workspace that the cluster refuses', async () => {
    const folder = course({
      '01-tiny-course/check.ts': CHECKS.replace('// look', 'throw new Error("no idea")'),
      '01-tiny-course/solution/mend/pod.yaml': 'kind: Pod\n',
    })
    const { exitCode, stdout } = await lessons('--folder', folder, '--repeat', '2')
    expect(stdout).toMatchInlineSnapshot(`
      "
                          start  solution  answers             repeats  false  seconds
      1 Tiny course
        look              ✗      ✗         0 right, 0 wrong          2      6 SECONDS
        ✗ the start, repeat 1, 2
          expected not yet
          ✗ look: broken check
            The check could not judge, and that is not your fault.
            no idea
            → this is a fault of the check, not yours: DEBUG=1 shows where it
            happened
        ✗ the solution of look, repeat 1, 2
          expected done
          ✗ look: broken check
            The check could not judge, and that is not your fault.
            no idea
            → this is a fault of the check, not yours: DEBUG=1 shows where it
            happened
        ✗ the solution of mend, repeat 1, 2
          expected done
          ✗ look: broken check
            The check could not judge, and that is not your fault.
            pod.yaml:1: no apiVersion, no metadata.name
            → every object begins with apiVersion, kind and metadata with a name
        mend              fails  ✗         0 right, 1 wrong          2      2 SECONDS
        ✗ the solution of mend, repeat 1, 2
          expected done
          ✗ mend: broken check
            The check could not judge, and that is not your fault.
            pod.yaml:1: no apiVersion, no metadata.name
            → every object begins with apiVersion, kind and metadata with a name

      14 verdicts in SECONDS, 8 of them false."
    `)
    expect(exitCode).toBe(1)
  })

  test('takes its cluster down after Ctrl-C', async () => {
    const folder = course({
      '01-tiny-course/check.ts': CHECKS.replace('// look', 'await new Promise(() => {})'),
    })
    const home = temporaryFolder()
    const args = [SCRIPT, 'lessons', '--folder', folder]
    const { process: child, exited, stdout, stderr } = startProcess(process.execPath, args, { TMPDIR: home })
    expect(await until(() => stderr().includes('✓ Starting'), { timeoutMs: 20_000 })).toBe(true)
    child.kill('SIGINT')
    expect(await exited).toBe(130)
    expect(stdout()).toContain('Stopped.')
    expect(readdirSync(home)).toEqual([])
  })

  test.for([
    [['--repeat', 'often'], '--repeat often is not a count'],
    [['--jobs', '0'], '--jobs 0 is not a count'],
    [['99'], 'there is no lesson “99”'],
  ] as const)('refuses %s', async ([args, why]) => {
    expect(await lessons(...args)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(why) as string,
    })
  })
})

const WRONG_HINT = `verdict: not yet
edits:
  - file: sidecar.ts
    find: looked
    replace: too far
hint: not far enough
why: Another hint is expected than the one that comes.
`

const CHECKS = `const CONFIG_MAPS = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true }
const evidence = { source: 'configmap code', text: 'what was seen' }

async function program(lab) {
  const maps = await lab.list(CONFIG_MAPS)
  return maps.find(({ metadata }) => metadata.name === 'code').data['sidecar.ts']
}

export const checks = {
  look: async (lab) => {
    // look
    if ((await program(lab)).includes('start')) return { verdict: 'not yet', because: 'nobody has looked' }
    return { verdict: 'done', evidence }
  },
  mend: async (lab) => {
    if ((await program(lab)).includes('far')) {
      return { verdict: 'not yet', because: 'the program differs', evidence, hint: 'You went too far' }
    }
    const [pod] = await lab.pods()
    if (pod.spec.containers[0].volumeMounts[0].mountPath === '/shared') return { verdict: 'done', evidence }
    return { verdict: 'not yet', because: 'nothing is mended' }
  },
}
`
