/** Which step of a lesson a command is about: the one that was typed, or the one where the learner is. */
import type { Lesson } from '#sandbox/course/lesson.ts'
import { isDone, readProgress } from '#sandbox/course/progress.ts'
import { WorkshopError } from '#sandbox/errors.ts'

/** The index of the step that a learner typed, as 1 or as its id; throws a WorkshopError that lists what there is. */
export function parseStep(lesson: Lesson, typed: string): number {
  const index = lesson.steps.findIndex(({ id }, at) => id === typed || String(at + 1) === typed)
  if (index >= 0) return index
  const known = lesson.steps.map(({ id }, at) => `${at + 1} ${id}`).join(', ')
  throw new WorkshopError(`lesson ${lesson.number} has no step “${typed}”`, `choose one of: ${known}`)
}

/** The index of the step where progress.json says the learner was, or of the first that is not done. */
export function currentStep(lesson: Lesson): number {
  const { current, steps = {} } = readProgress(Date.now()).progress.lessons[lesson.name] ?? {}
  const resumed = lesson.steps.findIndex(({ id }) => id === current)
  const open = lesson.steps.findIndex(({ id }) => !isDone(steps[id]))
  return Math.max(0, resumed === -1 ? open : resumed)
}
