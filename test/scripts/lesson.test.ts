/** Plays a learner in a real terminal on a real cluster: mistakes, keys, interruptions, resuming. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { PODS } from '#sandbox/client.ts'
import { runCommand } from '#sandbox/command.ts'
import { findLesson } from '#sandbox/course/lesson.ts'
import { filesAfter } from '#sandbox/course/states.ts'
import { startTestCluster } from '#test/helpers/embedded-cluster.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'
import { openTerminal } from '#test/helpers/terminal.ts'
import type { CheckReport } from '../../scripts/commands/check.ts'

const SCRIPT = fileURLToPath(new URL('../../scripts/workshop.mjs', import.meta.url))
const CTRL_C = '\u0003'
const { client, state } = await startTestCluster()
const lesson = await findLesson('1')

/** A learner with an empty workspace on the cluster of this file. */
function openDesk() {
  const desk = temporaryFolder()
  const env = { XDG_STATE_HOME: state, SIDECAR_WORKSHOP_DIR: desk, NO_COLOR: '' }
  const folder = join(desk, lesson.name)
  return {
    desk,
    folder,
    lesson: (more = {}) => openTerminal(process.execPath, [SCRIPT, 'lesson', '1'], { ...env, ...more }),
    shell: (shell: string) =>
      openTerminal(process.execPath, [SCRIPT, 'shell', '1'], { ...env, SHELL: shell }),
    run: (...args: string[]) => runCommand(process.execPath, [SCRIPT, ...args], { env }),
    async solve(step: number) {
      for (const [name, text] of await filesAfter(lesson, step)) writeFileSync(join(folder, name), text)
    },
  }
}

describe('a learner in a terminal', () => {
  test('begins, errs, asks, solves, is interrupted, resumes, and starts over with nothing lost', async () => {
    const desk = openDesk()
    const first = desk.lesson()
    await first.see(/Step 1 of \d[\s\S]*not yet[\s\S]*q quit/)
    expect(readdirSync(desk.folder)).toEqual([...(await filesAfter(lesson, -1)).keys()])

    writeFileSync(join(desk.folder, 'pod.yaml'), 'kind: Pod\n  metadata: x\n')
    await first.see(/✗ pod\.yaml:\d+:\d+: /)
    expect(await client.find(PODS, { name: 'webserver', namespace: 'lesson-1' })).toBeDefined()

    first.type('h')
    await first.see(/Hint 1 of 3/)
    first.type('hh')
    await first.see(/Hint 3 of 3/)

    await desk.solve(0)
    await first.see(/✓ .*\n {2}seen in logs webserver -c reader/)
    first.type('l')
    await first.see(/logs webserver -c nginx/)
    first.type('n')
    await first.see(/Step 2 of \d[\s\S]*not yet[\s\S]*q quit/)
    first.type(CTRL_C)
    await first.see(/Come back with: npm run lesson 1\n.*npm run cluster down/)
    expect(await first.exit()).toBe(0)

    const second = desk.lesson()
    expect(await second.see(/Step 2 of \d[\s\S]*not yet/)).not.toContain('Step 1 of')
    const mine = 'console.log("mine")\n'
    await desk.solve(1)
    await second.see(/✓ .*\n {2}seen in/)
    writeFileSync(join(desk.folder, 'sidecar.ts'), mine)
    await second.see(/Pod webserver replaced[\s\S]*not yet/)
    second.type('s')
    await second.see(/- console.log\("mine"\)[\s\S]*\(y\/n\)/)
    second.type('y')
    await second.see(/Your files are kept in[\s\S]*✓ .*\n {2}seen in/, 20_000)
    second.type('r')
    await second.see(/\(y\/n\)/)
    second.type('n')
    second.type('q')
    expect(await second.exit()).toBe(0)
    const aside = readdirSync(desk.desk).find((name) => name !== lesson.name)
    expect(readFileSync(join(desk.desk, aside!, 'sidecar.ts'), 'utf8')).toBe(mine)

    const listed = await desk.run('lesson')
    expect(listed.stdout).toMatch(/Log collection.*2 of \d steps/)
    const progress = JSON.parse(
      readFileSync(join(state, 'sidecar-workshop', 'progress.json'), 'utf8'),
    ) as object
    expect(progress).toMatchObject({
      latest: lesson.name,
      lessons: { [lesson.name]: { current: lesson.steps[1]!.id } },
    })

    const judged = await desk.run('check', '1', '--json')
    const report = JSON.parse(judged.stdout) as CheckReport
    expect(report.steps.slice(0, 3).map(({ verdict }) => verdict)).toEqual(['done', 'done', 'not yet'])
    expect(judged.exitCode).toBe(1)
  }, 90_000)

  test('gets the terminal back as it was, whatever ends the lesson', async () => {
    const desk = openDesk()
    const line = `'${process.execPath}' '${SCRIPT}' lesson 1; stty -a | grep -o -- '-\\?icanon'; echo over`
    const env = { XDG_STATE_HOME: state, SIDECAR_WORKSHOP_DIR: desk.desk }
    for (const leave of [CTRL_C, 'q', '\u0004']) {
      const terminal = openTerminal('/bin/sh', ['-c', line], env)
      await terminal.see(/q quit/)
      terminal.type(leave)
      expect(await terminal.see(/over/)).toMatch(/\nicanon\n/)
    }
  })

  test('with TERM=dumb, as for a screen reader, hears each line once and no escape sequence', async () => {
    const desk = openDesk()
    const raw = desk.lesson({ TERM: 'dumb', FORCE_COLOR: '0' })
    const heard = await raw.see(/○ .*: not yet[\s\S]*q quit|q quit[\s\S]*○ .*: not yet/)
    raw.type('q')
    expect(await raw.exit()).toBe(0)
    expect(raw.bytes()).not.toContain('\u001B')
    expect(heard.split('h hint · s solution')).toHaveLength(2)
  })

  test('is told of a lesson that is open already, and of one that was killed there is no trace', async () => {
    const desk = openDesk()
    const first = desk.lesson()
    await first.see(/q quit/)
    const refused = desk.lesson()
    await refused.see(new RegExp(`lesson 1 is already open, in process ${first.pid}`))
    expect(await refused.exit()).toBe(2)
    process.kill(first.pid, 'SIGKILL')
    await first.exit()
    const next = desk.lesson()
    await next.see(/q quit/)
    next.type('q')
    expect(await next.exit()).toBe(0)
  })
})

describe('the learner’s shell', () => {
  test('stands in the workspace, is marked, and has kubectl pointed at the lesson', async () => {
    const desk = openDesk()
    const terminal = desk.shell('/bin/bash')
    await terminal.see(/\(lesson 1\) /)
    terminal.type('pwd; grep namespace: "$KUBECONFIG"; stat -c %a "$KUBECONFIG"; exit 7\n')
    const seen = await terminal.see(/600\n/)
    expect(seen).toContain(desk.folder)
    expect(seen).toContain('namespace: lesson-1')
    expect(await terminal.exit()).toBe(7)
  })
})

describe('a lesson without a terminal', () => {
  test('plays itself, quickly, and leaves no namespace behind', async () => {
    const { exitCode, stdout } = await openDesk().run('lesson', '1')
    expect(stdout).toContain(`All ${lesson.steps.length} steps are done.`)
    expect(exitCode).toBe(0)
    const { items } = await client.list(PODS)
    expect(items.filter(({ metadata }) => metadata.namespace.includes('play'))).toEqual([])
  })
})
