/** Judges the step “headers”: what is between two neighbors stays there, and the app learns who asked. */
import { done, notYet, type Verdict } from '#sandbox/course/check.ts'
import { ask, type Answer, type Call } from './inside.ts'
import type { Shop } from './shop.ts'

/** RFC 5737: an address that is nobody's. */
const EARLIER = '203.0.113.7'

/** Done when what Connection names is taken off, all else passes, X-Forwarded-For grows, and a body stays a body. */
export async function judgeHeaders(shop: Shop): Promise<Verdict> {
  const { nonce } = shop.lab
  const path = `/headers?${nonce}`
  const sent = {
    connection: `close, X-Hop-${nonce}`,
    [`x-hop-${nonce}`]: 'for the proxy',
    'keep-alive': 'timeout=7',
    'x-forwarded-for': EARLIER,
    'x-order': nonce,
  }
  const [answer, chunked] = await ask(shop.inside, { path, headers: sent }, chunkedCall(nonce))
  const headers = readTold(answer!.body)?.headers
  const source = `GET ${path}`
  if (!headers) {
    const text = answer!.error ?? `${answer!.status} ${answer!.body}`
    return notYet('the request did not reach the app', { evidence: { source, text } })
  }
  const evidence = { source, text: JSON.stringify(headers) }
  if (headers['x-order'] !== nonce) {
    return notYet('the header x-order did not reach the app', { evidence, hint: HINTS.tooMuch })
  }
  if (headers[`x-hop-${nonce}`] !== undefined) {
    const because = `the app got x-hop-${nonce}, which Connection names as the proxy’s own`
    return notYet(because, { evidence, hint: HINTS.named })
  }
  if (headers['keep-alive'] === 'timeout=7') {
    return notYet('the app got the caller’s Keep-Alive', { evidence, hint: HINTS.hop })
  }
  const forwarded = (headers['x-forwarded-for'] ?? '').split(/\s*,\s*/).filter(Boolean)
  const told = { source, text: `x-forwarded-for: ${forwarded.join(', ')}` }
  if (forwarded.length === 0) return notYet('the app is not told who asked', { evidence, hint: HINTS.none })
  if (forwarded[0] !== EARLIER) {
    return notYet(`${EARLIER} asked first, and the app is not told`, { evidence: told, hint: HINTS.replaced })
  }
  if (forwarded.length !== 2 || !/^(127\.0\.0\.1|::1|::ffff:127\.0\.0\.1)$/.test(forwarded[1]!)) {
    return notYet('the app is not told who called the proxy', { evidence: told, hint: HINTS.kept })
  }
  return (await judgeFraming(shop, chunked!)) ?? done(source, told.text)
}

/** A body without a length has to have an end for the app too, or what is in it becomes a request of its own. */
async function judgeFraming(shop: Shop, { status, body, error }: Answer): Promise<Verdict | undefined> {
  const call = chunkedCall(shop.lab.nonce)
  if (readTold(body)?.body === call.body) return undefined
  const line = await shop.appLine(hiddenIn(shop.lab.nonce))
  if (line) {
    const because = 'the body of a DELETE came to the app as a request of its own'
    return notYet(because, { evidence: { source: shop.appSource, text: line }, hint: HINTS.unframed })
  }
  const evidence = { source: `DELETE ${call.path}`, text: error ?? `${status} ${body}` }
  return notYet('a body without a length did not reach the app', { evidence, hint: HINTS.unframed })
}

/** A request with another one in its body, for an app that is not told where the body ends. */
function chunkedCall(nonce: string): Call {
  const body = `${hiddenIn(nonce)} HTTP/1.1\r\nhost: app\r\n\r\n`
  return { method: 'DELETE', path: `/chunked?${nonce}`, headers: { 'transfer-encoding': 'chunked' }, body }
}

function hiddenIn(nonce: string): string {
  return `GET /hidden?${nonce}`
}

function readTold(text: string): { headers: Record<string, string>; body: string } | undefined {
  try {
    return JSON.parse(text) as { headers: Record<string, string>; body: string }
  } catch {
    return undefined
  }
}

const HINTS = {
  tooMuch:
    'You took off too much. Only what is between two neighbors goes: Connection, what it names, and its kin.',
  named:
    'Connection holds a list of names, and each of these headers ends at you. Take them off, whatever they are called; case does not count.',
  hop: 'Keep-Alive is between the caller and you, like Connection, Proxy-Connection, TE, Transfer-Encoding and Upgrade. Take them off.',
  unframed:
    'You took Transfer-Encoding off, and nothing tells the app where the body ends. Where the caller’s request has it, set transfer-encoding: chunked on yours.',
  none: 'Add x-forwarded-for to what you pass on: the address of the caller, request.socket.remoteAddress.',
  replaced:
    'Somebody forwarded before you. Keep what the header says, and put the address behind it, after a comma.',
  kept: 'The header holds what came, and not your own caller. Add request.socket.remoteAddress behind it, after a comma.',
}
