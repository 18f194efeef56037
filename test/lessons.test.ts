/** Proves the course as `npm run lessons` does: LESSON_REPEATS times, once unless told. */
import { describe, expect, test } from 'vitest'
import { listLessons, loadChecks, loadProse } from '#sandbox/course/lesson.ts'
import { listCases, prove, type Case } from '#sandbox/course/prove.ts'
import { startTestCluster } from '#test/helpers/embedded-cluster.ts'
import { createFreshLesson } from '#test/helpers/fresh-lesson.ts'

const REPEATS = Number(process.env.LESSON_REPEATS ?? 1)
const repeats = Array.from({ length: REPEATS }, (_, index) => index)
const lessons = [...(await listLessons()), await createFreshLesson()]
const cluster = await startTestCluster()

describe.for(lessons.map((lesson) => [lesson.name, lesson] as const))('%s', async ([, lesson]) => {
  const ids = lesson.steps.map(({ id }) => id)
  const cases = await listCases(lesson)

  test('has a text and checks that the kit can read', async () => {
    expect((await loadProse(lesson)).steps.size).toBe(ids.length)
    expect(Object.keys(await loadChecks(lesson))).toEqual(ids)
  })

  test.for(ids)('knows three wrong answers to %s, each with its hint, and two right ones', (step) => {
    const answers = cases.filter(({ kind }) => kind === 'answer').flatMap(({ expected }) => expected)
    const known = answers.filter((answer) => answer.step === step)
    const wrong = known.filter(({ verdict }) => verdict === 'not yet')
    expect(wrong.length).toBeGreaterThanOrEqual(3)
    expect(wrong.filter(({ hint }) => !hint)).toEqual([])
    expect(known.length - wrong.length).toBeGreaterThanOrEqual(2)
  })

  describe.concurrent.for(repeats)('on the cluster (repeat %i)', () => {
    test.for(cases.map((each) => [claimOf(each), each] as const))('%s', async ([, each], { signal }) => {
      const judged = await prove(lesson, each, cluster, signal)
      expect(judged.filter(({ isFalse }) => isFalse)).toEqual([])
    })
  })
})

function claimOf({ kind, name }: Case): string {
  if (kind === 'start') return `${name} solves no step`
  if (kind === 'answer') return `${name} earns its verdict and its hint`
  return `${name} solves it and keeps the steps before it solved, and solves no later one`
}
