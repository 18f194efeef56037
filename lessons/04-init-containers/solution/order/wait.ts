// Ends as soon as URL answers with 200, so that the containers behind it can rely on that.
import { setTimeout } from 'node:timers/promises'

const url = process.env.URL!

/** Why we wait on; `undefined` once the answer is 200. */
async function ask(): Promise<string | undefined> {
  try {
    const { status } = await fetch(url, { signal: AbortSignal.timeout(1_000) })
    return status === 200 ? undefined : `the answer is ${status}`
  } catch (error) {
    const { message, cause } = error as Error
    return (cause as Error | undefined)?.message ?? message
  }
}

let told: string | undefined
for (let why = await ask(); why !== undefined; why = await ask()) {
  if (why !== told) console.log(`waiting for ${url}: ${why}`)
  told = why
  await setTimeout(200)
}
console.log(`${url} is ready`)
process.exit(0)

// TODO deadline: wait for DEADLINE_SECONDS at most.
