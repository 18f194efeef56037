/** Collects what is wrong with an author's or learner's file, so that all of it is said at once. */
import { WorkshopError } from '../errors.ts'

/** One mistake in a file. */
export interface Problem {
  /** 1-based; the top of the file where no line is to blame. */
  line: number
  /** What is wrong, with the value that was found. */
  what: string
  /** What to write in its place. */
  instead: string
}

/** The problems of one file, in the order they were found. */
export class Problems {
  readonly #file: string
  readonly #found: Problem[] = []

  constructor(file: string) {
    this.#file = file
  }

  add(line: number, what: string, instead: string): void {
    this.#found.push({ line, what, instead })
  }

  /** Throws one WorkshopError that names them all, `file:line: what`; returns where there is none. */
  throwIfAny(): void {
    const [first] = this.#found
    if (!first) return
    const message = this.#found.map(({ line, what }) => `${this.#file}:${line}: ${what}`).join('\n')
    const hint = this.#found.map(({ instead }) => instead).join('\n')
    throw new WorkshopError(message, hint)
  }
}
