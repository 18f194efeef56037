/** A clock that stands still until a test moves it. */
import type { Clock } from '#sandbox/clock.ts'

/** A Clock whose time is the test's own. */
export interface ManualClock extends Clock {
  /** Moves on by so many milliseconds, running what falls due on the way, in its order. */
  advance(ms: number): Promise<void>
}

/** Starts at the Unix epoch unless told. */
export function createManualClock(startMs = 0): ManualClock {
  let nowMs = startMs
  const timers = new Set<{ atMs: number; callback: () => void }>()
  return {
    now: () => nowMs,
    schedule(delayMs, callback) {
      const timer = { atMs: nowMs + delayMs, callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    async advance(ms) {
      const endMs = nowMs + ms
      for (;;) {
        const [next] = [...timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)
        if (!next) break
        nowMs = Math.max(nowMs, next.atMs)
        timers.delete(next)
        next.callback()
        // Lets what was woken schedule again before time goes on.
        await new Promise((resolve) => setImmediate(resolve))
      }
      nowMs = endMs
    },
  }
}
