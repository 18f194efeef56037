/** Work by name: each object is looked after by one run at a time, and again after a failure. */
import type { ObjectRef } from '../../client.ts'
import type { FollowContext } from '../../follow.ts'

/** Objects that wait for their turn. */
export interface Queue {
  /** Asks for a run; many asks before it starts are one. */
  add(ref: ObjectRef): void
  /** Asks for a run after so many milliseconds. */
  addAfter(ref: ObjectRef, delayMs: number): void
}

/** Pauses after failures double between these, in milliseconds. */
const RETRY_MS = { first: 10, most: 30_000 }

/** A queue that runs `reconcile` until the context's signal aborts; what it throws costs a pause. */
export function createQueue(context: FollowContext, reconcile: (ref: ObjectRef) => Promise<void>): Queue {
  const { clock, signal } = context
  const running = new Map<string, { isAskedAgain: boolean }>()
  const failures = new Map<string, number>()

  async function run(key: string, ref: ObjectRef): Promise<void> {
    const state = { isAskedAgain: false }
    running.set(key, state)
    try {
      // Events that arrive together are one run, and work without end leaves the API server its turn.
      await new Promise(setImmediate)
      await reconcile(ref)
      failures.delete(key)
    } catch {
      const count = failures.get(key) ?? 0
      failures.set(key, count + 1)
      addAfter(ref, Math.min(RETRY_MS.first * 2 ** count, RETRY_MS.most))
    } finally {
      running.delete(key)
    }
    if (state.isAskedAgain) add(ref)
  }

  function add({ namespace, name }: ObjectRef): void {
    if (signal.aborted) return
    const key = `${namespace ?? ''}/${name}`
    const state = running.get(key)
    if (state) state.isAskedAgain = true
    else void run(key, { namespace, name })
  }

  function addAfter(ref: ObjectRef, delayMs: number): void {
    clock.schedule(delayMs, () => add(ref))
  }

  return { add, addAfter }
}
