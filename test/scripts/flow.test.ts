/** Proves what takes a learner through a lesson out of order: jumping, solving, resetting, and what a later edit breaks. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { CONFIG_MAPS, NAMESPACES, PODS } from '#sandbox/client.ts'
import { runCommand } from '#sandbox/command.ts'
import { findLesson } from '#sandbox/course/lesson.ts'
import { filesAfter, filesBefore, type Files } from '#sandbox/course/states.ts'
import { startTestCluster } from '#test/helpers/embedded-cluster.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'
import { openTerminal } from '#test/helpers/terminal.ts'
import type { CheckReport } from '../../scripts/commands/check.ts'

const SCRIPT = fileURLToPath(new URL('../../scripts/workshop.mjs', import.meta.url))
const { client, state } = await startTestCluster()
const lesson = await findLesson('1')
const [namespace, MINE] = ['lesson-1', 'console.log("mine")\n']

/** A learner with a workspace of their own, on the cluster and the progress of this file. */
function openDesk() {
  const desk = temporaryFolder()
  const env = { XDG_STATE_HOME: state, SIDECAR_WORKSHOP_DIR: desk, NO_COLOR: '' }
  const folder = join(desk, lesson.name)
  return {
    folder,
    run: (...args: string[]) => runCommand(process.execPath, [SCRIPT, ...args], { env }),
    open: (...args: string[]) => openTerminal(process.execPath, [SCRIPT, 'lesson', '1', ...args], env),
    write(files: Files) {
      for (const [name, text] of files) writeFileSync(join(folder, name), text)
    },
    files: (name = lesson.name) =>
      new Map(
        readdirSync(join(desk, name))
          .sort()
          .map((file) => [file, readFileSync(join(desk, name, file), 'utf8')]),
      ),
    /** The folders in which earlier files are kept. */
    aside: () => readdirSync(desk).filter((name) => name !== lesson.name),
  }
}

interface Progress {
  lessons: Record<
    string,
    { current?: string; steps: Record<string, { doneAt?: string; brokenSince?: string; seconds: number }> }
  >
}

const progress = () => {
  const text = readFileSync(join(state, 'sidecar-workshop', 'progress.json'), 'utf8')
  return (JSON.parse(text) as Progress).lessons[lesson.name]!
}

describe('npm run lesson 1 -- --step 4', () => {
  test('begins there on its own pods, and keeps what was written aside', async () => {
    const desk = openDesk()
    await desk.run('solve', '1', '--step', '1')
    writeFileSync(join(desk.folder, 'sidecar.ts'), MINE)
    const old = await client.get(PODS, { name: 'webserver', namespace })
    const terminal = desk.open('--step', '4')
    expect(await terminal.see(/Step 4 of 6[\s\S]*not yet[\s\S]*q quit/, 20_000)).toContain(
      'Your files are kept in',
    )
    expect(desk.files()).toEqual(await filesBefore(lesson, 3))
    expect(desk.files(desk.aside()[0]).get('sidecar.ts')).toBe(MINE)
    const pod = await client.get(PODS, { name: 'webserver', namespace })
    expect(pod.metadata.uid).not.toBe(old.metadata.uid)
    terminal.type('q')
    expect(await terminal.exit()).toBe(0)
    expect(progress().current).toBe(lesson.steps[3]!.id)

    const again = desk.open()
    expect(await again.see(/Step 4 of 6[\s\S]*q quit/)).not.toContain('Your files are kept in')
    again.type('q')
    expect(await again.exit()).toBe(0)
    expect(desk.aside()).toHaveLength(1)
  })

  test('plays the rest where there is no terminal, and names the steps for one that is not there', async () => {
    const desk = openDesk()
    const played = await desk.run('lesson', '1', '--step', 'truncate')
    expect(played).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('The last 2 steps are done.'),
    })
    const wrong = await desk.run('lesson', '1', '--step', '7')
    expect(wrong.exitCode).toBe(2)
    expect(wrong.stderr).toMatch(/lesson 1 has no step “7”\n→ choose one of: 1 share, 2 ship, /)
  })
})

describe('npm run solve', () => {
  test('writes the solution of the step where the learner is, deploys it, and keeps their files', async () => {
    const desk = openDesk()
    await desk.run('reset', '1')
    writeFileSync(join(desk.folder, 'sidecar.ts'), MINE)
    const solved = await desk.run('solve', '1')
    expect(solved).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('The solution of step 1 is in'),
    })
    expect(desk.files()).toEqual(await filesAfter(lesson, 0))
    expect(desk.files(desk.aside()[0]).get('sidecar.ts')).toBe(MINE)
    const judged = await desk.run('check', '1', '--json')
    const { steps } = JSON.parse(judged.stdout) as CheckReport
    expect(steps.slice(0, 2).map(({ verdict }) => verdict)).toEqual(['done', 'not yet'])

    expect((await desk.run('solve', '1')).stdout).not.toContain('Your files are kept in')
    expect(desk.aside()).toHaveLength(1)
  })

  test('leaves the pods to a lesson that is open, which notices the files itself', async () => {
    const desk = openDesk()
    await desk.run('reset', '1')
    const terminal = desk.open()
    await terminal.see(/Step 1 of 6[\s\S]*not yet/)
    expect((await desk.run('solve', '1')).exitCode).toBe(0)
    await terminal.see(/✓ Share a folder/)
    const refused = await desk.run('reset', '1')
    expect(refused.stderr).toMatch(
      /lesson 1 is already open, in process \d+\n→ press r there, or end it: kill \d+/,
    )
    terminal.type('q')
    expect(await terminal.exit()).toBe(0)
  })
})

describe('npm run reset', () => {
  test('begins the lesson again: files, pods and progress, with the learner’s files kept and their time too', async () => {
    const desk = openDesk()
    await desk.run('solve', '1', '--step', '2')
    writeFileSync(join(desk.folder, 'sidecar.ts'), MINE)
    const { exitCode, stdout } = await desk.run('reset', '1')
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^Your files are kept in .*\nLesson 1 begins again: npm run lesson 1$/),
    })
    expect(desk.files()).toEqual(await filesBefore(lesson, 0))
    expect(desk.files(desk.aside()[0]).get('sidecar.ts')).toBe(MINE)
    expect(await client.find(NAMESPACES, { name: namespace })).toBeUndefined()
    expect((await client.list(CONFIG_MAPS, { namespace })).items).toEqual([])
    const { current, steps } = progress()
    expect(current).toBeUndefined()
    expect(Object.values(steps)).toEqual(Object.values(steps).map(() => ({ seconds: expect.any(Number) })))
  })
})

describe('a later edit', () => {
  test('that breaks an earlier step takes it back to “not yet”, and mending it makes it done again', async () => {
    const desk = openDesk()
    await desk.run('reset', '1')
    await desk.run('solve', '1')
    const terminal = desk.open()
    await terminal.see(/✓ Share a folder/)
    terminal.type('n')
    await terminal.see(/Step 2 of 6[\s\S]*not yet/)
    const solved = desk.files().get('pod.yaml')!
    writeFileSync(
      join(desk.folder, 'pod.yaml'),
      solved.replace(/ {6}volumeMounts:\n(?= {8}- name: logs)[^-]*- name: logs\n.*\n/, ''),
    )
    await terminal.see(
      /○ Step 1, Share a folder, was done: not yet\n[\s\S]*Hint: Only the sidecar mounts/,
      20_000,
    )
    expect(progress().steps[lesson.steps[0]!.id]!.brokenSince).toBeDefined()
    writeFileSync(join(desk.folder, 'pod.yaml'), solved)
    await terminal.see(/✓●·+ Step 2 of 6/, 20_000)
    expect(progress().steps[lesson.steps[0]!.id]).toEqual({
      doneAt: expect.any(String),
      seconds: expect.any(Number),
    })
    terminal.type('q')
    expect(await terminal.exit()).toBe(0)
  })
})
