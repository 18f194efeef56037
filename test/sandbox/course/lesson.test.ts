/** Proves how lessons are found and read, and what an author is told about a mistake. */
import { describe, expect, test } from 'vitest'
import { findLesson, listLessons, loadChecks, loadProse } from '#sandbox/course/lesson.ts'
import { filesAfter, filesBefore, readAnswers, solutionOf } from '#sandbox/course/states.ts'
import { WorkshopError } from '#sandbox/errors.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'
import { lessonText, tinyCourse } from '#test/helpers/tiny-course.ts'

async function mistake(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => expect.unreachable('it should have thrown'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(WorkshopError)
  const { message, hint } = error as WorkshopError
  return `${message}\n-> ${hint}`.replaceAll(/\S*01-tiny-course/g, '01-tiny-course')
}

describe('a lesson folder', () => {
  test('is found by its number, with or without a leading zero, and by its name', async () => {
    const root = temporaryFolder(tinyCourse())
    for (const typed of ['1', '01', '01-tiny-course']) {
      expect(await findLesson(typed, root)).toMatchObject({ number: 1, title: 'Tiny course', minutes: 5 })
    }
    expect(await mistake(findLesson('7', root))).toMatchInlineSnapshot(`
      "there is no lesson “7”
      -> type a number: 1 Tiny course"
    `)
  })

  test('gives its text in introduction, steps and afterword, with the excerpts already cut', async () => {
    const [lesson] = await listLessons(temporaryFolder(tinyCourse()))
    const prose = await loadProse(lesson!)
    expect(prose.introduction).toMatchObject([{ type: 'paragraph' }])
    expect([...prose.steps.keys()]).toEqual(['look', 'mend'])
    expect(prose.steps.get('mend')).toEqual([
      {
        type: 'pod',
        manifest: 'start/pod.yaml',
        picture: expect.objectContaining({
          name: 'webserver',
          volumes: [{ name: 'shared', kind: 'emptyDir' }],
        }),
      },
      { type: 'file', path: 'start/pod.yaml', lines: ['metadata:', '  name: webserver'], firstLine: 3 },
    ])
    expect(prose.afterword).toHaveLength(1)
  })

  test('has a state before and after every step, and known answers laid over it', async () => {
    const [lesson] = await listLessons(temporaryFolder(tinyCourse()))
    expect((await filesBefore(lesson!, 0)).get('sidecar.ts')).toBe('// start\n')
    expect((await filesAfter(lesson!, 0)).get('sidecar.ts')).toBe('// looked\n')
    expect([...(await solutionOf(lesson!, 1)).keys()]).toEqual(['pod.yaml'])
    const [answer] = await readAnswers(lesson!, 1)
    expect(answer).toMatchObject({ name: 'too-far', verdict: 'not yet', hint: 'too far' })
    expect([...answer!.files]).toEqual([
      ['pod.yaml', expect.stringContaining('/data')],
      ['sidecar.ts', '// too far\n'],
    ])
  })
})

describe('an author’s mistakes are told with file, line and what to write instead:', () => {
  const heads: Record<string, string> = {
    'no front matter': '# Hello\n',
    'front matter that is not YAML': lessonText({ head: 'title: a: b\n' }),
    'wrong shapes': lessonText({
      head: 'title: 3\nminutes: soon\nworkers: -1\nsummary: x\nauthor: me\nsteps:\n  - id: Look At\n    title: x\n    hints: [one]\n',
    }),
  }
  test.for(Object.entries(heads))('%s', async ([, text]) => {
    expect(await mistake(listLessons(temporaryFolder(tinyCourse(text))))).toMatchSnapshot('the error')
  })

  const bodies: Record<string, string> = {
    'steps in another order': '<Step id="mend">\n\nx\n\n</Step>\n\n<Step id="look">\n\nx\n\n</Step>\n',
    'text between steps and a step too few':
      '<Step id="look">\n\nx\n\n</Step>\n\ntext\n\n<Step id="lok">\n\nx\n\n</Step>\n',
    'an open tag': '<Step id="look">\n\nx\n',
    'unknown components and files':
      '<Step id="look">\n\n<Video />\n\n<Pod manifest="no.yaml" />\n\nIn {braces}.\n\n</Step>\n\n<Step id="mend">\n\n<File path="start/pod.yaml" lines="3-400" />\n\n</Step>\n',
  }
  test.for(Object.entries(bodies))('%s', async ([, body]) => {
    const [lesson] = await listLessons(temporaryFolder(tinyCourse(lessonText({ body }))))
    expect(await mistake(loadProse(lesson!))).toMatchSnapshot('the error')
  })

  test('checks that are not those of the steps', async () => {
    const files = {
      ...tinyCourse(),
      '01-tiny-course/check.ts': 'export const checks = { lok: async () => 1 }\n',
    }
    const [lesson] = await listLessons(temporaryFolder(files))
    expect(await mistake(loadChecks(lesson!))).toMatchInlineSnapshot(`
      "01-tiny-course/check.ts:1: no check for step “look”
      01-tiny-course/check.ts:1: no check for step “mend”
      01-tiny-course/check.ts:1: a check for “lok”, which is no step
      -> write checks = { 'look': async (lab) => … }
      write checks = { 'mend': async (lab) => … }
      the steps are: look, mend"
    `)
  })

  test('an answer.yaml of another shape', async () => {
    const files = { ...tinyCourse(), '01-tiny-course/answers/mend/too-far/answer.yaml': 'verdict: maybe\n' }
    const [lesson] = await listLessons(temporaryFolder(files))
    expect(await mistake(readAnswers(lesson!, 1))).toMatchInlineSnapshot(`
      "01-tiny-course/answers/mend/too-far/answer.yaml: {"verdict":"maybe"} is not an answer
      -> write verdict: done | not yet, base: before | solution, edits: [{ file, find, replace }], hint: part of the hint it must earn, why: one sentence"
    `)
  })

  test.for([
    ['find: absent', 'it does not hold'],
    ['find: o', 'it holds more than once'],
    ['file: other.ts', 'that is not there'],
  ])('an edit of a file with %s, as %s', async ([line]) => {
    const key = line!.split(':')[0]!
    const files = tinyCourse()
    const path = '01-tiny-course/answers/mend/too-far/answer.yaml'
    files[path] = files[path]!.replace(new RegExp(`${key}: .*`), line!)
    const [lesson] = await listLessons(temporaryFolder(files))
    expect(await mistake(readAnswers(lesson!, 1))).toMatchSnapshot()
  })
})
