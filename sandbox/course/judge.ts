/** Runs checks: a fresh lab for each, a deadline, and the difference between “not yet” and “the check broke”. */
import { ApiError } from '../client.ts'
import { WorkshopError, messageOf } from '../errors.ts'
import type { Check, Outcome } from './check.ts'
import { createLab, type LabCluster } from './lab.ts'

/** How to judge. */
export interface JudgeOptions {
  cluster: LabCluster
  namespace: string
  /** A check that has not answered by then is broken; 30 s unless told. */
  timeoutMs?: number
  /** Aborts the check: {@link judge} then throws the signal's reason. */
  signal?: AbortSignal
}

/**
 * Runs one check with a nonce of its own. What the check throws is the outcome “broken”, never the learner's fault;
 * only an abort by the caller is thrown.
 */
export async function judge(check: Check, options: JudgeOptions): Promise<Outcome> {
  const { cluster, namespace, timeoutMs = 30_000 } = options
  const deadline = AbortSignal.timeout(timeoutMs)
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline
  try {
    signal.throwIfAborted()
    return await abortable(check(createLab(cluster, namespace, signal)), signal)
  } catch (error) {
    options.signal?.throwIfAborted()
    if (deadline.aborted) {
      const because = `the check had no answer after ${timeoutMs / 1000} seconds`
      return { verdict: 'broken', because, hint: STATUS_HINT }
    }
    return { verdict: 'broken', because: messageOf(error), hint: hintOf(error) }
  }
}

/** Settles with `work`, or rejects as soon as the signal aborts, whatever the check does then. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Its late rejection has no other reader.
    work.catch(() => {})
  }
}

function hintOf(error: unknown): string {
  if (error instanceof ApiError) return STATUS_HINT
  if (error instanceof WorkshopError) return error.hint
  return 'this is a fault of the check, not yours: DEBUG=1 shows where it happened'
}

const STATUS_HINT = 'see whether the cluster is well: npm run cluster status'
