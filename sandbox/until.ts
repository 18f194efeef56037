/** The only polling loop of the kit. */

/** How long and how often {@link until} asks. */
export interface UntilOptions {
  /** Give up after this many milliseconds. */
  timeoutMs: number
  /** Pause between two questions; 20 ms unless told. */
  intervalMs?: number
  /** Stops the wait: the promise rejects with the signal's reason. */
  signal?: AbortSignal
}

/**
 * Asks `condition` until it answers something truthy, and returns that answer; `undefined` when the
 * deadline passes first. What the condition throws is thrown.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: UntilOptions,
): Promise<NonNullable<Exclude<T, false | '' | 0>> | undefined> {
  const { timeoutMs, intervalMs = 20, signal } = options
  const deadline = performance.now() + timeoutMs
  for (;;) {
    signal?.throwIfAborted()
    const answer = await condition()
    if (answer) return answer as NonNullable<Exclude<T, false | '' | 0>>
    const leftMs = deadline - performance.now()
    if (leftMs <= 0) return undefined
    await pause(Math.min(intervalMs, leftMs), signal)
  }
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', aborted, { once: true })
    function done() {
      signal?.removeEventListener('abort', aborted)
      resolve()
    }
    function aborted() {
      clearTimeout(timer)
      reject(signal?.reason)
    }
  })
}
