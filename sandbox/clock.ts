/** Time as an argument, so that a test can own it. */

/** What the engine needs of time: all of it in milliseconds. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Calls back once after `delayMs`; the returned function cancels. Never keeps the process alive. */
  schedule(delayMs: number, callback: () => void): () => void
}

/**
 * Milliseconds that never go back, made of a wall clock and one that only counts. A wall clock that is set back would
 * hold up every deadline for as long; one that is set forward, or a machine that slept, moves this one on at once.
 */
export function createForwardTime(wall: () => number, steady: () => number): () => number {
  let offset = wall() - steady()
  return () => {
    const [wallMs, steadyMs] = [wall(), steady()]
    offset = Math.max(offset, wallMs - steadyMs)
    return Math.max(wallMs, Math.floor(offset + steadyMs))
  }
}

/** The machine's own time, which never goes back. */
export const systemClock: Clock = {
  now: createForwardTime(
    () => Date.now(),
    () => performance.now(),
  ),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** RFC 3339 in whole seconds, the form of every `metav1.Time` (`2026-11-22T15:30:00Z`). */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** RFC 3339 in microseconds, the form of every `metav1.MicroTime`. */
export function microTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`
}
