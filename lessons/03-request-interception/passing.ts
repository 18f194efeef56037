/** Judges that a call of the app goes through a sidecar and arrives as it was made, and that its answer comes back so. */
import { done, notYet, type Check, type Evidence, type Verdict } from '#sandbox/course/check.ts'
import { onKiosk, type Arrival, type Kiosk } from './kiosk.ts'

/** A sidecar that a call was seen to go through, with the line that it printed. */
export interface Passage {
  container: string
  line: string
}

/** Judges the kiosk once one call is known to go through a sidecar to the price service; else says where it ended. */
export function onSidecar(judge: (kiosk: Kiosk, passage: Passage) => Promise<Verdict>): Check {
  return onKiosk(async (kiosk) => {
    const hello = await sayHello(kiosk)
    if ('verdict' in hello) return hello
    const passage = await kiosk.lab.until(() => findPassage(kiosk, hello.tag))
    if (passage) return await judge(kiosk, passage)
    const because = 'a call arrived at the price service, and no sidecar printed a line about it'
    const line = (await kiosk.appLines(hello.tag)).at(-1) ?? ''
    const evidence = { source: kiosk.source(kiosk.app), text: line }
    return notYet(because, { evidence, hint: isLocal(line) ? HINTS.silent : HINTS.goesRound })
  })
}

/** Done when method, path, body, status and headers come through, and the answer piece by piece. */
export async function judgePassOn(kiosk: Kiosk, { container, line }: Passage): Promise<Verdict> {
  const fault =
    (await judgeOrder(kiosk)) ??
    (await judgeStatus(kiosk, 'redirect', 'old', 302)) ??
    (await judgeStatus(kiosk, 'missing', 'nothing', 404)) ??
    (await judgeStream(kiosk))
  return fault ?? done(kiosk.source(container), line)
}

/** Makes one call and looks at what arrived; a pod that has only started gets some seconds until both ends listen. */
async function sayHello(kiosk: Kiosk): Promise<{ tag: string } | Verdict> {
  const before = (await kiosk.allArrivals()).length
  let tag = ''
  for (let attempt = 1; attempt <= 10; attempt++) {
    tag = `hello-${attempt}`
    const status = (await kiosk.call({ tag }))?.status ?? 500
    if (status < 500) break
    await kiosk.pause(300)
  }
  const line = (await kiosk.appLines(tag)).at(-1) ?? ''
  const status = Number(/: (\d{3}), /.exec(line)?.[1])
  const evidence = { source: kiosk.source(kiosk.app), text: line }
  if (!status) return await explainNoAnswer(kiosk, evidence)
  const [arrival] = await kiosk.arrivals(tag)
  if (!arrival) return await explainLoss(kiosk, before, { evidence, status })
  if (status === 421) {
    const text = `host: ${arrival.headers.host}`
    const because = 'the price service does not know the host that it is asked for'
    return notYet(because, { evidence: { source: kiosk.pricesSource, text }, hint: HINTS.host })
  }
  const asked = kiosk.url({ tag })
  if (arrival.url !== asked) {
    const because = `the app asked for ${asked}, and the price service was asked for ${arrival.url}`
    return notYet(because, { evidence: arrived(kiosk, arrival), hint: HINTS.path })
  }
  if (status === 200) return { tag }
  return notYet(`the app asked for a price, and got the status ${status}`, { evidence })
}

async function findPassage(kiosk: Kiosk, tag: string): Promise<Passage | undefined> {
  for (const container of kiosk.sidecars) {
    const [line] = await kiosk.sidecarLines(container, tag)
    if (line !== undefined) return { container, line }
  }
  return undefined
}

async function explainNoAnswer(kiosk: Kiosk, evidence: Evidence): Promise<Verdict> {
  const crash = await kiosk.findCrash()
  if (crash) {
    const { container, text } = crash
    const because = `container ${container} has ended by an error`
    return notYet(because, { evidence: { source: kiosk.source(container), text } })
  }
  const because = 'the app makes a call, and nobody answers it'
  const hint = evidence.text.includes('ECONNREFUSED') && isLocal(evidence.text) ? HINTS.nobody : undefined
  return notYet(because, { evidence, hint })
}

/** The app has an answer, and the price service knows nothing of the call. */
async function explainLoss(
  kiosk: Kiosk,
  before: number,
  { evidence, status }: { evidence: Evidence; status: number },
): Promise<Verdict> {
  const other = (await kiosk.allArrivals()).slice(before).at(-1)
  if (other) {
    const because = `a call arrived at the price service, for ${other.url} instead of what the app asked for`
    return notYet(because, { evidence: arrived(kiosk, other), hint: HINTS.path })
  }
  const because = `the app got the status ${status}, and its call did not arrive at the price service`
  return notYet(because, { evidence, hint: status < 400 ? HINTS.byItself : undefined })
}

/** A call with a body: method, body and type of what is sent, status and type of what comes back. */
async function judgeOrder(kiosk: Kiosk): Promise<Verdict | undefined> {
  const body = JSON.stringify({ order: kiosk.lab.nonce })
  const headers = { 'content-type': 'application/json' }
  const call = { tag: 'order', what: 'orders', method: 'POST', headers, body }
  const answer = await kiosk.call(call)
  const [arrival] = await kiosk.arrivals('order')
  if (!arrival) {
    const text = (await kiosk.appLines('order')).at(-1) ?? '(nothing)'
    const source = kiosk.source(kiosk.app)
    return notYet('the app made a POST, and it did not arrive', { evidence: { source, text } })
  }
  const evidence = arrived(kiosk, arrival)
  if (arrival.method !== 'POST') {
    return notYet(`the app made a POST, and a ${arrival.method} arrived`, { evidence, hint: HINTS.method })
  }
  if (arrival.body !== body) {
    const because = `the app sent the body ${body}, and the price service got ${arrival.body ?? 'none'}`
    return notYet(because, { evidence, hint: HINTS.body })
  }
  const sent = arrival.headers['content-type']
  if (sent !== 'application/json') {
    const because = `the app sent content-type: application/json, and the price service got ${sent ?? 'none'}`
    return notYet(because, { evidence, hint: HINTS.headers })
  }
  if (answer?.status !== 201) return wrongStatus(kiosk, 'order', 201, answer?.status)
  const got = answer.headers['content-type'] ?? 'none'
  if (got === 'application/json') return undefined
  const because = `the price service answered content-type: application/json, and the app got ${got}`
  return notYet(because, { hint: HINTS.answerHeaders })
}

async function judgeStatus(kiosk: Kiosk, tag: string, what: string, status: number) {
  await kiosk.call({ tag, what })
  const line = (await kiosk.appLines(tag)).at(-1) ?? ''
  const got = Number(/: (\d{3}), /.exec(line)?.[1])
  return got === status ? undefined : await wrongStatus(kiosk, tag, status, got)
}

async function wrongStatus(kiosk: Kiosk, tag: string, status: number, got = 0): Promise<Verdict> {
  const line = (await kiosk.appLines(tag)).at(-1) ?? '(nothing)'
  const because = `the price service answered ${status}, and the app got ${got || 'no status'}`
  // The page that the redirect points to ends like the one that was asked for.
  const hint = (await kiosk.arrivals(tag)).length > 1 ? HINTS.followed : HINTS.status
  return notYet(because, { evidence: { source: kiosk.source(kiosk.app), text: line }, hint })
}

/** The price service holds the second half back until the app has been seen to have the first. */
async function judgeStream(kiosk: Kiosk): Promise<Verdict | undefined> {
  const answer = kiosk.startCall({ tag: 'stream', query: '&hold' })
  const lines = await kiosk.appLines('stream', 'the answer begins')
  await kiosk.release('stream')
  await answer
  if (lines.some((line) => line.includes('the answer begins'))) return undefined
  const because = 'the price service sent half of its answer, and the app got nothing of it'
  const evidence = { source: kiosk.source(kiosk.app), text: (await kiosk.appLines('stream'))[0] ?? '' }
  return notYet(because, { evidence, hint: HINTS.wholeOnly })
}

/** What the price service wrote of a call, short enough to quote. */
export function arrived(kiosk: Kiosk, arrival: Arrival): Evidence {
  return { source: kiosk.pricesSource, text: JSON.stringify(arrival) }
}

function isLocal(line: string): boolean {
  return /^\w+ http:\/\/(localhost|127\.|\[::1\])/.test(line)
}

const HINTS = {
  nobody:
    'Nobody listens where the app calls. The sidecar has to run in the same pod, and to listen on port 7979 of localhost.',
  silent: 'The call goes through. Now say so: print one line for each call, with its path in it.',
  goesRound:
    'The app calls the price service itself now, so nobody stands between. Let it call localhost, and let the sidecar go on from there.',
  byItself:
    'The sidecar answers by itself, as the article’s does. Make the same call to http://prices, and give the app that answer.',
  host: 'You passed on the header host, and in it the name of the sidecar: localhost:7979. Each hop has a host of its own; set it to prices.',
  path: 'Ask for what the app asked for: call.url is the whole path, with the query behind it.',
  method: 'Make the call with the method of the app’s: call.method.',
  body: 'The body stayed with the sidecar. Pass it on as it comes: call.pipe(onward).',
  headers:
    'The headers of the call stayed with the sidecar. Pass them all on, but for host and those of the connection.',
  answerHeaders:
    'The headers of the answer stayed with the sidecar. Give them to the app along with the status: answer.writeHead(reply.statusCode, reply.headers).',
  status: 'Give the app the status that the price service gave you, also a bad one: reply.statusCode.',
  followed:
    'The sidecar followed the redirect by itself, as fetch does unless told redirect: "manual". Whether to follow is for the app to decide.',
  wholeOnly:
    'The sidecar waits for the whole answer before it passes on any of it. Pass each part on as it comes: reply.pipe(answer).',
}
