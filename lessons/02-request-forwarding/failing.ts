/** Judges the step “fail”: the app is away, silent, or hangs up, and the caller is told so in time. */
import { done, notYet, type Verdict } from '#sandbox/course/check.ts'
import type { Answer, Shop } from './shop.ts'

/** Done when all three are told by 502 and 504, within three seconds, by a proxy that lives on. */
export async function judgeFail(shop: Shop): Promise<Verdict> {
  const { lab } = shop
  const restarts = await shop.restarts()
  const dropped = await shop.askInside(`/drop?${lab.nonce}`)
  const drop = await judgeAnswer(shop, restarts, dropped, 502, 'the app hung up')
  if (drop) return drop
  const silent = await shop.askInside(`/hang?${lab.nonce}`)
  const hang = await judgeAnswer(shop, restarts, silent, 504, 'the app did not answer')
  if (hang) return hang
  const before = await arrivals(shop)
  await lab.exec(shop.name, shop.app, ['sh', '-c', 'kill -USR1 1'])
  const away = await shop.askInside(`/away?${lab.nonce}`)
  const isBack = async () => (await arrivals(shop)) > before
  if (!(await lab.until(isBack, { timeoutMs: 6_000 })))
    throw new Error('app.ts did not come back after SIGUSR1')
  const gone = await judgeAnswer(shop, restarts, away, 502, 'the app was away')
  if (gone) return gone
  const path = `/back/${lab.nonce}`
  await shop.ask(path)
  const line = await shop.appLine(path)
  if (line) return done(shop.appSource, line)
  return notYet('the app is back, and requests do not reach it any more', { hint: HINTS.alive })
}

/** How often the app has begun to listen. */
async function arrivals({ lab, name, app }: Shop): Promise<number> {
  return (await lab.logLines(name, app)).filter((line) => line === 'here').length
}

async function judgeAnswer(
  shop: Shop,
  restarts: number,
  { status, error, ms }: Answer,
  expected: number,
  what: string,
): Promise<Verdict | undefined> {
  const hasDied = async () => (await shop.restarts()) > restarts
  // A death is seen in the status a moment after the connection broke.
  if (status !== expected && (await shop.lab.until(hasDied, { timeoutMs: error ? 1_500 : 0 }))) {
    return notYet(`${what}, and the proxy died of it`, { evidence: await shop.lastWords(), hint: HINTS.dies })
  }
  const text = status === undefined ? `${error}, after ${ms} ms` : `${status}, after ${ms} ms`
  const evidence = { source: `a request while ${what}`, text }
  if (status === expected && ms < 3_000) return undefined
  if (status === undefined) {
    const hint = expected === 504 ? HINTS.waits : HINTS.silent
    return notYet(`${what}, and the caller was told nothing`, { evidence, hint })
  }
  if (status === expected)
    return notYet(`${what}, and the caller was told so late`, { evidence, hint: HINTS.waits })
  return notYet(`${what}, and the caller was told ${status}`, {
    evidence,
    hint: HINTS[expected as 502 | 504],
  })
}

const HINTS = {
  dies: 'An “error” that nobody listens to ends a Node program. Write onward.on("error", …), and answer the caller there.',
  silent: 'The caller still waits. When the call to the app fails, answer 502 yourself, and end the answer.',
  waits:
    'An app that hangs makes its callers hang, unless you set a deadline. After a second without an answer, destroy your request and answer 504.',
  alive: 'After a failure the proxy has to serve the next request. Make a request of its own for each one.',
  502: 'An app that can’t be reached, or hangs up, is a 502 Bad Gateway.',
  504: 'An app that does not answer in time is a 504 Gateway Timeout; 502 is for one that can’t be reached, or hangs up.',
}
