/** Judges the sidecar on the price service's bad days: what it repeats, what it never does, and when it gives up. */
import { done, notYet, type Verdict } from '#sandbox/course/check.ts'
import type { LabResponse } from '#sandbox/course/lab.ts'
import { findEntries, tells } from './observing.ts'
import { arrived } from './passing.ts'
import type { Call, Kiosk } from './kiosk.ts'

/** The step asks for two seconds, for all tries together; a busy machine gets as much again. */
const patienceMs = 4_000
const maxTries = 3

/** Done when reads survive a lost and a refused try, orders are made once, and everything ends in time. */
export async function judgeBreak(kiosk: Kiosk): Promise<Verdict> {
  // One that has died of it before would die again, and wait longer for its next start.
  return (await judgeCrash(kiosk)) ?? (await judgeBadDays(kiosk))
}

async function judgeBadDays(kiosk: Kiosk): Promise<Verdict> {
  const order = { what: 'orders', method: 'POST', body: kiosk.lab.nonce }
  const calls = {
    lost: { tag: 'lost', query: '&drop=1' },
    busy: { tag: 'busy', query: '&fail=1' },
    order: { ...order, tag: 'order', query: '&drop=1' },
    down: { tag: 'down', query: '&drop=99' },
    silent: { tag: 'silent', query: '&hang' },
    silentOrder: { ...order, tag: 'unanswered', query: '&hang' },
  }
  const made = Object.entries(calls).map(async ([key, call]) => [key, await callInTime(kiosk, call)] as const)
  const answers = Object.fromEntries(await Promise.all(made))
  // The app says 500 by itself, where somebody hung up on it.
  const isCutOff = Object.values(answers).some((answer) => answer?.status === 500)
  if (isCutOff) await kiosk.lab.until(() => kiosk.findCrash())
  return (
    (await judgeCrash(kiosk)) ??
    (await judgeOnce(kiosk, calls.order)) ??
    (await judgeRead(kiosk, calls.lost, answers.lost)) ??
    (await judgeRead(kiosk, calls.busy, answers.busy)) ??
    (await judgeSilence(kiosk, calls.silent, answers.silent)) ??
    (await judgeSilence(kiosk, calls.silentOrder, answers.silentOrder)) ??
    (await judgeOnce(kiosk, calls.silentOrder)) ??
    (await judgeGivingUp(kiosk, calls.down, answers.down)) ??
    (await judgeAccount(kiosk, calls.silent))
  )
}

/** The app's answer; undefined when there is none while a learner would wait. */
async function callInTime(kiosk: Kiosk, call: Call): Promise<LabResponse | undefined> {
  const answer = kiosk.startCall(call)
  let isOver = false
  const end = () => (isOver = true)
  answer.then(end, end)
  await kiosk.lab.until(async () => isOver, { timeoutMs: patienceMs })
  return isOver ? await answer : undefined
}

async function judgeCrash(kiosk: Kiosk): Promise<Verdict | undefined> {
  const crash = await kiosk.findCrash()
  if (!crash) return undefined
  const evidence = { source: kiosk.source(crash.container), text: crash.text }
  const hint = /ECONN|hang up|terminated|fetch failed|abort|timeout/i.test(crash.text)
    ? HINTS.dies
    : undefined
  return notYet(`container ${crash.container} has ended by an error`, { evidence, hint })
}

async function judgeOnce(kiosk: Kiosk, { tag }: Call): Promise<Verdict | undefined> {
  const arrivals = await kiosk.arrivals(tag)
  if (arrivals.length === 1) return undefined
  const because = `the app ordered once, and the price service got the order ${arrivals.length} times`
  const evidence = arrivals[1] && arrived(kiosk, arrivals[1])
  return notYet(because, { evidence, hint: arrivals[1] && HINTS.orderedTwice })
}

async function judgeRead(kiosk: Kiosk, { tag }: Call, answer?: LabResponse): Promise<Verdict | undefined> {
  if (answer?.status === 200) return undefined
  const { length } = await kiosk.arrivals(tag)
  const how = tag === 'lost' ? 'lost the connection' : 'answered 503'
  const because = `the price service ${how} once, and the app got ${answer?.status ?? 'no answer'} after ${length} tries`
  const hint = length > 1 ? undefined : tag === 'lost' ? HINTS.noRetry : HINTS.busyIsFailure
  return notYet(because, { evidence: await appEvidence(kiosk, tag), hint })
}

async function judgeSilence(kiosk: Kiosk, { tag }: Call, answer?: LabResponse): Promise<Verdict | undefined> {
  if (answer?.status === 504) return undefined
  const evidence = await appEvidence(kiosk, tag)
  if (answer) {
    const because = `the price service was silent, and the app got ${answer.status} instead of 504`
    return notYet(because, { evidence, hint: HINTS.lateIs504 })
  }
  const { length } = await kiosk.arrivals(tag)
  const because = `the price service was silent, and after ${patienceMs / 1000} s the app had no answer yet`
  return notYet(because, { evidence, hint: length > 1 ? HINTS.deadlinePerTry : HINTS.noDeadline })
}

async function judgeGivingUp(
  kiosk: Kiosk,
  { tag }: Call,
  answer?: LabResponse,
): Promise<Verdict | undefined> {
  const arrivals = await kiosk.arrivals(tag)
  if (arrivals.length > maxTries) {
    const because = `the price service was down, and the sidecar tried ${arrivals.length} times`
    return notYet(because, { evidence: arrived(kiosk, arrivals.at(-1)!), hint: HINTS.tooOften })
  }
  if ([502, 503, 504].includes(answer?.status ?? 0)) return undefined
  const because = `the price service was down, and the app got ${answer?.status ?? 'no answer'}`
  return notYet(because, { evidence: await appEvidence(kiosk, tag), hint: HINTS.say502 })
}

/** A call that failed is accounted for like any other. */
async function judgeAccount(kiosk: Kiosk, { tag }: Call): Promise<Verdict> {
  const entries = await findEntries(kiosk, tag)
  if (!Array.isArray(entries)) return entries
  const entry = entries.find((each) => tells(each, 504))
  if (entry) return done(kiosk.source(entry.container), entry.line)
  const { container, line } = entries[0]!
  const because = 'the app got 504, and the sidecar’s line about the call does not say so'
  return notYet(because, { evidence: { source: kiosk.source(container), text: line } })
}

async function appEvidence(kiosk: Kiosk, tag: string) {
  const lines = await kiosk.appLines(tag)
  return { source: kiosk.source(kiosk.app), text: lines.at(-1) ?? '(no answer yet)' }
}

const HINTS = {
  dies: 'A failed connection ended the whole sidecar, and with it all calls that were under way. Handle the error of each try.',
  orderedTwice:
    'An order was made twice. When the answer is lost, nobody knows whether the order was taken: repeat only what changes nothing, GET and HEAD.',
  noRetry:
    'A read failed once, and would have succeeded the second time. Try a GET again when the connection is lost.',
  busyIsFailure:
    'A 503 says “not now”. For a GET it is a failed try like a lost connection: leave that answer, and try again.',
  noDeadline:
    'The sidecar waits as long as the price service is silent. Set a deadline of two seconds, and answer 504 then.',
  deadlinePerTry:
    'Each try has two seconds of its own, and together they take too long. The app waits once: one deadline for all tries.',
  lateIs504: 'When the time is up, say 504 Gateway Timeout: the app may want to tell late from broken.',
  tooOften: 'A service that is down gets more calls than one that is well. Stop after three tries.',
  say502: 'When all tries have failed, say 502 Bad Gateway, so that the app has an answer.',
}
