/** Judges the step “forward”: what goes in at the door reaches the app as it was, and the answer comes back as it is. */
import { done, notYet, type Verdict } from '#sandbox/course/check.ts'
import { readStream } from './inside.ts'
import type { Shop } from './shop.ts'

/** Done when method, path, body, status and headers pass, the answer streams, and the app itself stays closed. */
export async function judgeForward(shop: Shop): Promise<Verdict> {
  const { nonce } = shop.lab
  const path = `/orders/${nonce}?cups=2&of=caf%C3%A9`
  const body = `two cups of café for ${nonce}`
  const answer = await shop.ask(path, { method: 'POST', headers: { 'x-order': nonce }, body })
  const line = await shop.appLine(nonce)
  if (!line) {
    const evidence = {
      source: `POST ${path}`,
      text: answer ? `${answer.status} ${answer.body}` : '(no answer)',
    }
    return notYet('the request did not reach the app', { evidence, hint: hintFor(answer?.status) })
  }
  const source = shop.appSource
  if (line !== `POST ${path}`) {
    const hint = line.startsWith('POST') ? HINTS.path : HINTS.method
    return notYet(`“POST ${path}” came to the app as something else`, {
      evidence: { source, text: line },
      hint,
    })
  }
  const told = readJson(answer?.body)
  if (!answer || !told) {
    const text = answer ? `${answer.status} ${answer.body}` : '(no answer)'
    return notYet('the app’s answer did not come back whole', {
      evidence: { source: `POST ${path}`, text },
      hint: HINTS.answer,
    })
  }
  const seen = (text: string) => ({ evidence: { source: `POST ${path}`, text } })
  if (told.body !== body)
    return notYet('the body did not reach the app', { ...seen(told.body), hint: HINTS.body })
  if (told.headers['x-order'] !== nonce) {
    return notYet('the header x-order did not reach the app', {
      ...seen(JSON.stringify(told.headers)),
      hint: HINTS.headers,
    })
  }
  if (answer.headers['x-app'] !== 'shop') {
    return notYet('the app’s header x-app did not come back', {
      ...seen(JSON.stringify(answer.headers)),
      hint: HINTS.answerHeaders,
    })
  }
  return (
    (await judgeStatus(shop)) ?? (await judgeStream(shop)) ?? (await judgeClosed(shop)) ?? done(source, line)
  )
}

async function judgeStatus(shop: Shop): Promise<Verdict | undefined> {
  const answer = await shop.ask(`/status/418?${shop.lab.nonce}`)
  if (answer?.status === 418) return undefined
  const evidence = { source: 'GET /status/418', text: `${answer?.status ?? '(no answer)'}` }
  return notYet('the app answered 418, and something else came back', { evidence, hint: HINTS.status })
}

async function judgeStream(shop: Shop): Promise<Verdict | undefined> {
  const { before, all } = await readStream(shop.inside, `forward-${shop.lab.nonce}`)
  const evidence = { source: 'GET /stream', text: JSON.stringify({ before, all }) }
  if (!/^first .*last$/.test(all))
    return notYet('an answer in two parts did not come whole', { evidence, hint: HINTS.answer })
  if (before.includes('first')) return undefined
  return notYet('the first part of an answer came only when all of it was there', {
    evidence,
    hint: HINTS.buffered,
  })
}

async function judgeClosed(shop: Shop): Promise<Verdict | undefined> {
  if (!(await shop.isAppOpen())) return undefined
  const evidence = { source: `pod ${shop.name}, port 9000`, text: 'it answers' }
  return notYet('the app can be called from outside, past the proxy', { evidence, hint: HINTS.open })
}

function readJson(text = ''): { body: string; headers: Record<string, string> } | undefined {
  try {
    return JSON.parse(text) as { body: string; headers: Record<string, string> }
  } catch {
    return undefined
  }
}

function hintFor(status: number | undefined): string | undefined {
  if (status === 501) return HINTS.begin
  return status === undefined || status >= 500 ? HINTS.address : undefined
}

const HINTS = {
  begin:
    'http.request({ host, port, method, path, headers }, (answer) => …) is a request of your own. Pipe the one that came into it.',
  address:
    'The app listens on 127.0.0.1, port 9000. In one pod that address means the same to all containers.',
  method: 'The method got lost on the way. Pass request.method on; without it, http.request sends GET.',
  path: 'The path has changed on the way. Pass request.url on as it is, query and escapes and all: path: request.url.',
  body: 'The body got lost on the way. It is a stream: request.pipe(onward), which ends your request when theirs has ended.',
  headers: 'The caller’s headers got lost on the way. Pass request.headers on.',
  answer:
    'The answer is a stream too: answer.pipe(response), and the end of the one is the end of the other.',
  answerHeaders: 'Give the answer’s headers to response.writeHead, behind its status.',
  status:
    'Not every answer is a 200. response.writeHead(answer.statusCode, …) passes on what the app decided.',
  buffered:
    'You collect the answer and send it at its end. A long one fills your memory, and an endless one never arrives. Pass each part on as it comes: answer.pipe(response).',
  open: 'The app has to stay on 127.0.0.1: whoever can call it needs no proxy. Leave app.ts as it is.',
}
