/** Keeps where the learner is, what is done and how long it took, on disk at every turn. */
import type { Lesson } from '#sandbox/course/lesson.ts'
import {
  isDone,
  readProgress,
  updateProgress,
  type LessonProgress,
  type StepProgress,
} from '#sandbox/course/progress.ts'
import { currentStep } from '../step-argument.ts'

/** Resumes where progress.json says the learner was: there, or at the first step that is not done. */
export class StepClock {
  readonly #lesson: Lesson
  readonly #done = new Set<string>()
  readonly #wasDone = new Set<string>()
  #step: number
  #sinceMs = performance.now()

  constructor(lesson: Lesson) {
    this.#lesson = lesson
    const { steps = {} } = readProgress(Date.now()).progress.lessons[lesson.name] ?? {}
    for (const { id } of lesson.steps) {
      if (steps[id]?.doneAt) this.#wasDone.add(id)
      if (isDone(steps[id])) this.#done.add(id)
    }
    this.#step = currentStep(lesson)
  }

  /** Index of the current step. */
  get step(): number {
    return this.#step
  }

  /** Ids of the steps that are done as far as was seen. */
  get done(): ReadonlySet<string> {
    return this.#done
  }

  /** Ids of the steps that were ever seen done. It grows. */
  get wasDone(): ReadonlySet<string> {
    return this.#wasDone
  }

  /** The step of this id was seen done; the first time counts. */
  finish(id: string): void {
    if (this.#done.has(id)) return
    this.#done.add(id)
    this.#wasDone.add(id)
    this.#save((progress) => {
      const step = entry(progress, id)
      step.doneAt ??= new Date().toISOString()
      delete step.brokenSince
    })
  }

  /** A later edit broke the step of this id. */
  reopen(id: string): void {
    if (this.#done.delete(id))
      this.#save((progress) => (entry(progress, id).brokenSince = new Date().toISOString()))
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
