/** Judges the step “headers”: what is between two neighbors stays there, and the app learns who asked. */
import { done, notYet, type Verdict } from '#sandbox/course/check.ts'
import type { Shop } from './shop.ts'

/** RFC 5737: an address that is nobody's. */
const EARLIER = '203.0.113.7'

/** Done when a header that Connection names is taken off, all others pass, and X-Forwarded-For grows by the caller. */
export async function judgeHeaders(shop: Shop): Promise<Verdict> {
  const { nonce } = shop.lab
  const path = `/headers?${nonce}`
  const answer = await shop.askInside(path, {
    connection: `close, X-Hop-${nonce}`,
    [`x-hop-${nonce}`]: 'for the proxy',
    'keep-alive': 'timeout=7',
    'x-forwarded-for': EARLIER,
    'x-order': nonce,
  })
  const headers = readHeaders(answer.body)
  const source = `GET ${path}`
  if (!headers) {
    const text = answer.error ?? `${answer.status} ${answer.body}`
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
  return done(source, told.text)
}

function readHeaders(body: string): Record<string, string> | undefined {
  try {
    return (JSON.parse(body) as { headers: Record<string, string> }).headers
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
  none: 'Add x-forwarded-for to what you pass on: the address of the caller, request.socket.remoteAddress.',
  replaced:
    'Somebody forwarded before you. Keep what the header says, and put the address behind it, after a comma.',
  kept: 'The header holds what came, and not your own caller. Add request.socket.remoteAddress behind it, after a comma.',
}
