/** Judges the step “fail”: the app is away, silent, or hangs up, and whoever has to know is told in time. */
import { done, notYet, type Verdict } from '#sandbox/course/check.ts'
import { TOO_LATE, meetFailures, type Answer, type Failures } from './inside.ts'
import { DIES_OF_A_CALL, isFailedCall, type Shop } from './shop.ts'

/** What the app did, and what the caller has to be told of it. */
interface Failure {
  what: string
  expected: 502 | 504
}

/** Done when the callers are told 502 and 504 within three seconds, the app that a caller has left, and the proxy lives on. */
export async function judgeFail(shop: Shop): Promise<Verdict> {
  const before = await shop.deaths()
  const words = await shop.lastWords()
  // It would die again, and the kubelet would wait longer each time.
  if (before > 0 && isFailedCall(words.text)) {
    return notYet('the proxy has died of a call that failed', { evidence: words, hint: DIES_OF_A_CALL })
  }
  const { drop, hang, stream, isLeft, away } = await meetFailures(shop.inside, shop.lab.nonce)
  const judge = async (answer: Answer | undefined, failure: Failure) =>
    answer && (await judgeAnswer(shop, before, answer, failure))
  return (
    (await judge(drop, { what: 'the app hung up', expected: 502 })) ??
    (await judge(hang, { what: 'the app did not answer', expected: 504 })) ??
    judgeOthers({ stream, isLeft }, shop.appSource) ??
    (await judge(away, { what: 'the app was away', expected: 502 })) ??
    (await judgeReturn(shop))
  )
}

/** The deadline is for the beginning of an answer: one that has begun in time may go on, until its caller leaves. */
function judgeOthers({ stream, isLeft }: Partial<Failures>, source: string): Verdict | undefined {
  if (stream && !stream.body.endsWith('last')) {
    const text = `${stream.body}\n${stream.error ?? 'it ended'}, after ${stream.ms} ms`
    const evidence = { source: 'GET /stream', text }
    return notYet('an answer that had begun in time was broken off', { evidence, hint: HINTS.brokenOff })
  }
  if (isLeft !== false) return undefined
  const because = 'a caller left in the middle of an answer, and the app went on with it for three seconds'
  return notYet(because, { evidence: { source, text: 'GET /stream' }, hint: HINTS.left })
}

async function judgeReturn(shop: Shop): Promise<Verdict> {
  const path = `/back/${shop.lab.nonce}`
  await shop.ask(path)
  const line = await shop.appLine(path)
  if (line) return done(shop.appSource, line)
  return notYet('the app is back, and requests do not reach it any more', { hint: HINTS.alive })
}

async function judgeAnswer(
  shop: Shop,
  before: number,
  { status, error, ms }: Answer,
  { what, expected }: Failure,
): Promise<Verdict | undefined> {
  if (status === expected && ms < 3_000) return undefined
  const hasDied = async () => (await shop.deaths()) > before
  const isCut = status === undefined && error !== TOO_LATE
  // A death is seen in the status a moment after the connection broke.
  if (await shop.lab.until(hasDied, { timeoutMs: isCut ? 5_000 : 0 })) {
    const evidence = await shop.lastWords()
    return notYet(`${what}, and the proxy died of it`, { evidence, hint: DIES_OF_A_CALL })
  }
  const text = status === undefined ? `${error}, after ${ms} ms` : `${status}, after ${ms} ms`
  const evidence = { source: `a request while ${what}`, text }
  if (status === undefined) {
    const hint = expected === 504 ? HINTS.waits : HINTS.silent
    return notYet(`${what}, and the caller was told nothing`, { evidence, hint })
  }
  if (status === expected) {
    return notYet(`${what}, and the caller was told so late`, { evidence, hint: HINTS.waits })
  }
  return notYet(`${what}, and the caller was told ${status}`, { evidence, hint: HINTS[expected] })
}

const HINTS = {
  silent: 'The caller still waits. When the call to the app fails, answer 502 yourself, and end the answer.',
  waits:
    'An app that hangs makes its callers hang, unless you set a deadline. After a second without an answer, destroy your request and answer 504.',
  brokenOff:
    'The deadline is for the beginning of an answer. Stop your clock when the head is there: a long download is not a silent app.',
  left: 'Whoever asked has gone, and the app still works for nobody. On response.on("close", …), destroy your call to the app.',
  alive: 'After a failure the proxy has to serve the next request. Make a request of its own for each one.',
  502: 'An app that can’t be reached, or hangs up, is a 502 Bad Gateway.',
  504: 'An app that does not answer in time is a 504 Gateway Timeout; 502 is for one that can’t be reached, or hangs up.',
}
