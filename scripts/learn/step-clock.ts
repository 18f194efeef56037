/** Keeps where the learner is, what is done and how long it took, on disk at every turn. */
import type { Lesson } from '#sandbox/course/lesson.ts'
import { readProgress, updateProgress, type LessonProgress } from '#sandbox/course/progress.ts'

/** Resumes where progress.json says the learner was: there, or at the first step that is not done. */
export class StepClock {
  readonly #lesson: Lesson
  readonly #done: Set<string>
  #step: number
  #sinceMs = performance.now()

  constructor(lesson: Lesson) {
    this.#lesson = lesson
    const { current, steps = {} } = readProgress(Date.now()).progress.lessons[lesson.name] ?? {}
    this.#done = new Set(lesson.steps.map(({ id }) => id).filter((id) => steps[id]?.doneAt))
    const resumed = lesson.steps.findIndex(({ id }) => id === current)
    const open = lesson.steps.findIndex(({ id }) => !this.#done.has(id))
    this.#step = Math.max(0, resumed === -1 ? open : resumed)
  }

  /** Index of the current step. */
  get step(): number {
    return this.#step
  }

  /** Ids of the steps that were seen done, now or before. It grows. */
  get done(): ReadonlySet<string> {
    return this.#done
  }

  /** The current step was seen done; the first time counts. */
  finish(): void {
    const { id } = this.#lesson.steps[this.#step]!
    if (this.#done.has(id)) return
    this.#done.add(id)
    this.#save(() => {}, new Date().toISOString())
  }

  goTo(step: number): void {
    this.#save((progress) => (progress.current = this.#lesson.steps[step]!.id))
    this.#step = step
  }

  leave(): void {
    const { id } = this.#lesson.steps[this.#step]!
    this.#save((progress) => (progress.current = id))
  }

  #save(change: (progress: LessonProgress) => void, doneAt?: string): void {
    const { id } = this.#lesson.steps[this.#step]!
    const now = performance.now()
    const seconds = Math.round((now - this.#sinceMs) / 1000)
    this.#sinceMs = now
    updateProgress(this.#lesson.name, Date.now(), (progress) => {
      const step = (progress.steps[id] ??= { seconds: 0 })
      step.seconds += seconds
      if (doneAt) step.doneAt = doneAt
      change(progress)
    })
  }
}
