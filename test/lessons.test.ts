/** Proves the course: LESSON_REPEATS times (once unless told), each time on pods that were made for one case only. */
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Outcome } from '#sandbox/course/check.ts'
import { Deployer } from '#sandbox/course/deploy.ts'
import { judge } from '#sandbox/course/judge.ts'
import { listLessons, loadChecks, loadProse, type Lesson } from '#sandbox/course/lesson.ts'
import { filesAfter, filesBefore, readAnswers, type Files } from '#sandbox/course/states.ts'
import { startTestCluster } from '#test/helpers/embedded-cluster.ts'

const REPEATS = Number(process.env.LESSON_REPEATS ?? 1)
const repeats = Array.from({ length: REPEATS }, (_, index) => index)
const lessons = await listLessons()
const cluster = await startTestCluster()

/** Deploys the files as a learner's save would, in a namespace of their own, and judges these steps one by one. */
async function outcomes(lesson: Lesson, files: Files, steps: string[]): Promise<Outcome[]> {
  const namespace = `lesson-${lesson.number}-${randomBytes(4).toString('hex')}`
  const deployer = new Deployer(cluster.client, namespace)
  const checks = await loadChecks(lesson)
  try {
    const { problems } = await deployer.deploy(files)
    expect(problems).toEqual([])
    const judged: Outcome[] = []
    for (const step of steps) judged.push(await judge(checks[step]!, { cluster, namespace }))
    return judged
  } finally {
    await deployer.removeNamespace()
  }
}

const ids = (lesson: Lesson) => lesson.steps.map(({ id }) => id)

describe.for(lessons.map((lesson) => [lesson.name, lesson] as const))('%s', async ([, lesson]) => {
  const answers = (await Promise.all(lesson.steps.map((_, step) => readAnswers(lesson, step)))).flat()

  test('has a text and checks that the kit can read', async () => {
    expect((await loadProse(lesson)).steps.size).toBe(lesson.steps.length)
    expect(Object.keys(await loadChecks(lesson))).toEqual(ids(lesson))
  })

  test.for(ids(lesson))('knows three wrong answers to %s, each with its hint, and two right ones', (step) => {
    const known = answers.filter((answer) => answer.step === step)
    const wrong = known.filter(({ verdict }) => verdict === 'not yet')
    expect(wrong.length).toBeGreaterThanOrEqual(3)
    expect(wrong.filter(({ hint }) => !hint)).toEqual([])
    expect(known.length - wrong.length).toBeGreaterThanOrEqual(2)
  })

  describe.concurrent.for(repeats)('on the cluster (repeat %i)', () => {
    test('the start solves no step', async () => {
      const judged = await outcomes(lesson, await filesBefore(lesson, 0), ids(lesson))
      expect(judged).toEqual(judged.map(() => expect.objectContaining({ verdict: 'not yet' })))
    })

    test.for(lesson.steps.map(({ id }, step) => [id, step] as const))(
      'the solution of %s solves it and keeps the steps before it solved, and solves no later one',
      async ([, step]) => {
        const judged = await outcomes(lesson, await filesAfter(lesson, step), ids(lesson).slice(0, step + 2))
        const expected = judged.map((_, at) => ({ verdict: at <= step ? 'done' : 'not yet' }))
        expect(judged).toEqual(expected.map((each) => expect.objectContaining(each)))
      },
    )

    test.for(answers.map((answer) => [answer.step, answer.name, answer] as const))(
      'the answer %s/%s earns its verdict and its hint',
      async ([, , { files, step, verdict, hint }]) => {
        const [outcome] = await outcomes(lesson, files, [step])
        expect(outcome).toMatchObject({ verdict })
        expect('hint' in outcome! ? outcome.hint : '').toContain(hint ?? '')
      },
    )
  })
})
