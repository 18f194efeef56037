/**
 * sidecar-input: asks its neighbour for a page every INTERVAL_SECONDS (15) and prints the body.
 *
 * It waits first, and ends when the neighbour does not answer, so that Kubernetes starts it again.
 * TARGET_URL (http://localhost:7878) says whom it asks.
 */
import { setTimeout as sleep } from 'node:timers/promises'

const answerWithinMs = 30_000

/** In milliseconds; a day is more than any lesson waits. */
function readInterval(text = '15'): number {
  const seconds = /^\d*\.?\d+$/.test(text) ? Number(text) : 0
  if (seconds > 0 && seconds <= 86_400) return seconds * 1000
  return fail(`INTERVAL_SECONDS is "${text}": write seconds from 0.001 to 86400, such as 15 or 0.5`)
}

function readUrl(text = 'http://localhost:7878'): URL {
  if (URL.canParse(text)) return new URL(text)
  return fail(`TARGET_URL is "${text}": write a whole URL, such as http://localhost:7878`)
}

/** fetch says no more than "fetch failed"; the reason is its cause, or one of several when it tried both ::1 and 127.0.0.1. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ')
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : reasonOf(error.cause)
}

function fail(message: string): never {
  process.stderr.write(`sidecar-input: ${message}\n`)
  process.exit(1)
}

process.on('SIGTERM', () => process.exit(0))
process.on('SIGINT', () => process.exit(0))

const intervalMs = readInterval(process.env.INTERVAL_SECONDS)
const url = readUrl(process.env.TARGET_URL)

for (;;) {
  await sleep(intervalMs)
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerWithinMs) })
    process.stdout.write(`${await response.text()}\n`)
  } catch (error) {
    fail(`no answer from ${url.href}: ${reasonOf(error)}`)
  }
}
