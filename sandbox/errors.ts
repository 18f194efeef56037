/** The one error class of the kit: what happened, and what to type next. */

/**
 * An error whose text is meant for a learner.
 *
 * `message` says what happened, with the offending value; `hint` says what to do or type next.
 * The original failure stays in `cause`. Anything else that is thrown is a bug of ours.
 */
export class WorkshopError extends Error {
  readonly hint: string

  constructor(message: string, hint: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'WorkshopError'
    this.hint = hint
  }
}

/** The text of anything that was thrown, without a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
