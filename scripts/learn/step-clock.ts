/** Keeps where the learner is, what is done and how long it took, on disk at every turn. */
import type { Lesson } from '#sandbox/course/lesson.ts'
import {
  readProgress,
  updateProgress,
  type LessonProgress,
  type StepProgress,
} from '#sandbox/course/progress.ts'
import { currentStep } from '../step-argument.ts'

/** Resumes where progress.json says the learner was: there, or at the first step that is not done. */
export class StepClock {
  readonly #lesson: Lesson
  readonly #done: Set<string>
  #step: number
  #sinceMs = performance.now()

  constructor(lesson: Lesson) {
    this.#lesson = lesson
    const { steps = {} } = readProgress(Date.now()).progress.lessons[lesson.name] ?? {}
    this.#done = new Set(lesson.steps.map(({ id }) => id).filter((id) => steps[id]?.doneAt))
    this.#step = currentStep(lesson)
  }

  /** Index of the current step. */
  get step(): number {
    return this.#step
  }

  /** Ids of the steps that were seen done, now or before, and have not been seen broken since. */
  get done(): ReadonlySet<string> {
    return this.#done
  }

  /** The step of this id was seen done; the first time counts. */
  finish(id: string): void {
    if (this.#done.has(id)) return
    this.#done.add(id)
    this.#save((progress) => (entry(progress, id).doneAt = new Date().toISOString()))
  }

  /** A later edit broke the step of this id. */
  reopen(id: string): void {
    if (this.#done.delete(id)) this.#save((progress) => delete entry(progress, id).doneAt)
  }

  goTo(step: number): void {
    this.#save((progress) => (progress.current = this.#lesson.steps[step]!.id))
    this.#step = step
  }

  leave(): void {
    const { id } = this.#lesson.steps[this.#step]!
    this.#save((progress) => (progress.current = id))
  }

  #save(change: (progress: LessonProgress) => void): void {
    const { id } = this.#lesson.steps[this.#step]!
    const now = performance.now()
    const seconds = Math.round((now - this.#sinceMs) / 1000)
    this.#sinceMs = now
    updateProgress(this.#lesson.name, Date.now(), (progress) => {
      entry(progress, id).seconds += seconds
      change(progress)
    })
  }
}

function entry(progress: LessonProgress, step: string): StepProgress {
  return (progress.steps[step] ??= { seconds: 0 })
}
