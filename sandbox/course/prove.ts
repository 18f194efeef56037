/** Proves a lesson: its start solves no step, each solution its own, and each known answer earns what it must. */
import { randomBytes } from 'node:crypto'
import { WorkshopError, messageOf } from '../errors.ts'
import type { Outcome } from './check.ts'
import type { LabCluster } from './lab.ts'
import { loadChecks, type Lesson } from './lesson.ts'
import { openStage } from './stage.ts'
import { filesAfter, filesBefore, readAnswers, type Files } from './states.ts'

/** What a check must say of a workspace. */
export interface Expectation {
  step: string
  verdict: 'done' | 'not yet'
  /** A part of the hint that it must give. */
  hint?: string
}

/** One workspace, and what the checks must say of it. */
export interface Case {
  kind: 'start' | 'solution' | 'answer'
  /** `the start`, `the solution of ship`, `the answer ship/tail`. */
  name: string
  files: Files
  /** In the order in which they are judged. */
  expected: Expectation[]
}

/** What a check did say. */
export interface Judged {
  expected: Expectation
  outcome: Outcome
  /** Any outcome but the expected one, a broken check included. */
  isFalse: boolean
  /** From the end of the one before, or from nothing, pods included. */
  seconds: number
}

/** All cases of a lesson. Throws a WorkshopError that names the answer.yaml that can't be used. */
export async function listCases(lesson: Lesson): Promise<Case[]> {
  const ids = lesson.steps.map(({ id }) => id)
  const answers = await Promise.all(ids.map((_, step) => readAnswers(lesson, step)))
  const solutions = ids.map(async (id, step): Promise<Case> => {
    // The step behind it must not be solved by accident.
    const expected = ids
      .slice(0, step + 2)
      .map((each, at) => ({ step: each, verdict: at <= step ? ('done' as const) : ('not yet' as const) }))
    return {
      kind: 'solution',
      name: `the solution of ${id}`,
      files: await filesAfter(lesson, step),
      expected,
    }
  })
  return [
    {
      kind: 'start',
      name: 'the start',
      files: await filesBefore(lesson, 0),
      expected: ids.map((step) => ({ step, verdict: 'not yet' })),
    },
    ...(await Promise.all(solutions)),
    ...answers.flat().map(({ step, name, files, verdict, hint }): Case => {
      return {
        kind: 'answer',
        name: `the answer ${step}/${name}`,
        files,
        expected: [{ step, verdict, hint }],
      }
    }),
  ]
}

/**
 * Deploys the files of a case as a save would, in a namespace of its own, and judges them. Whatever goes wrong on the way is
 * the outcome “broken”; only an abort of `signal` is thrown.
 */
export async function prove(
  lesson: Lesson,
  { files, expected }: Case,
  cluster: LabCluster,
  signal: AbortSignal,
): Promise<Judged[]> {
  const judged: Judged[] = []
  let before = performance.now()
  const add = (outcome: Outcome) => {
    const now = performance.now()
    const each = expected[judged.length]!
    judged.push({ expected: each, outcome, isFalse: !fits(outcome, each), seconds: (now - before) / 1000 })
    before = now
  }
  const stage = openStage(cluster, `lesson-${lesson.number}-${randomBytes(4).toString('hex')}`, signal)
  try {
    const checks = await loadChecks(lesson)
    try {
      const [problem] = await stage.deploy(files)
      if (problem)
        throw new WorkshopError(`${problem.file}:${problem.line ?? 1}: ${problem.what}`, problem.instead)
      for (const { step } of expected) add(await stage.judge(checks[step]!, () => true))
    } finally {
      await stage.close()
    }
  } catch (error) {
    signal.throwIfAborted()
    // Where all was judged before it failed, the next case will tell.
    const hint = error instanceof WorkshopError ? error.hint : 'the cluster is in trouble: run it again'
    while (judged.length < expected.length) add({ verdict: 'broken', because: messageOf(error), hint })
  }
  return judged
}

function fits(outcome: Outcome, { verdict, hint = '' }: Expectation): boolean {
  const given = outcome.verdict === 'not yet' ? (outcome.hint ?? '') : ''
  return outcome.verdict === verdict && given.includes(hint)
}
