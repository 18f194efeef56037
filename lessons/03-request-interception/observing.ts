/** Judges the sidecar's account of a call: one line of JSON, true in what it says, with an id that prices has seen too. */
import { done, notYet, type Evidence, type Verdict } from '#sandbox/course/check.ts'
import { arrived } from './passing.ts'
import type { Arrival, Kiosk } from './kiosk.ts'

/** What a sidecar wrote of one call: the line, and all fields in it by their path. */
export interface Entry {
  line: string
  container: string
  fields: [key: string, value: unknown][]
}

/** How long the price service holds back the second half of the answer: no true duration is less. */
const heldMs = 400

/** What the check itself saw of a call. */
interface Seen {
  bytes: number
  elapsedMs: number
}

/** Done when a slow answer in two parts is accounted for rightly, and ids are made, kept and passed on. */
export async function judgeObserve(kiosk: Kiosk): Promise<Verdict> {
  const seen = await makeSlowCall(kiosk)
  const entries = await findEntries(kiosk, 'slow')
  if (!Array.isArray(entries)) return entries
  // Two sidecars may share the work; the first that tells all is enough.
  const faults = entries.map((entry) => judgeEntry(kiosk, entry, seen))
  const entry = entries[faults.indexOf(undefined)]
  if (!entry) return faults[0]!
  return (await judgeIds(kiosk)) ?? done(kiosk.source(entry.container), entry.line)
}

async function makeSlowCall(kiosk: Kiosk): Promise<Seen> {
  const startedMs = performance.now()
  const answer = kiosk.startCall({ tag: 'slow', query: '&hold' })
  await kiosk.appLines('slow', 'the answer begins')
  await kiosk.pause(heldMs)
  await kiosk.release('slow')
  const bytes = Buffer.byteLength((await answer)?.body ?? '')
  return { bytes, elapsedMs: performance.now() - startedMs }
}

/** One line of JSON from each sidecar that wrote any about this call, or why there is none to judge. */
export async function findEntries(kiosk: Kiosk, tag: string): Promise<Entry[] | Verdict> {
  const find = async () =>
    (await Promise.all(kiosk.sidecars.map((name) => entriesOf(kiosk, name, tag)))).flat()
  await kiosk.lab.until(async () => (await find()).length > 0)
  const entries = await find()
  for (const [index, { container, line }] of entries.entries()) {
    if (entries.findIndex((other) => other.container === container) === index) continue
    const because = `container ${container} wrote more than one line of JSON about one call`
    return notYet(because, { evidence: { source: kiosk.source(container), text: line }, hint: HINTS.several })
  }
  if (entries.length > 0) return entries
  for (const container of kiosk.sidecars) {
    const text = (await kiosk.sidecarLines(container, tag)).at(-1)
    if (text === undefined) continue
    const evidence = { source: kiosk.source(container), text }
    return notYet('what the sidecar writes about a call is not JSON', { evidence, hint: HINTS.notJson })
  }
  return notYet(`no sidecar wrote a line about the call for ${kiosk.url({ tag })}`)
}

async function entriesOf(kiosk: Kiosk, container: string, tag: string): Promise<Entry[]> {
  const lines = await kiosk.sidecarLines(container, tag)
  return lines.flatMap((line) => {
    const fields = fieldsOf(line)
    return fields.length > 0 ? [{ line, container, fields }] : []
  })
}

/** Whether one of the values is this one; numbers may be written as text. */
export function tells({ fields }: Entry, expected: string | number): boolean {
  return fields.some(([, value]) => String(value) === String(expected))
}

function judgeEntry(kiosk: Kiosk, entry: Entry, { bytes, elapsedMs }: Seen): Verdict | undefined {
  const evidence = { source: kiosk.source(entry.container), text: entry.line }
  if (!tells(entry, 'GET')) return notYet('the line does not tell the method, GET', { evidence })
  if (!tells(entry, 200)) return notYet('the line does not tell the status, 200', { evidence })
  if (!tells(entry, bytes)) {
    const because = `the answer had ${bytes} bytes, and the line does not say so`
    return notYet(because, { evidence, hint: HINTS.bytes })
  }
  const durations = durationsMs(entry, elapsedMs)
  if (durations.some((ms) => ms >= heldMs - 50)) return undefined
  const because = `the answer took more than ${heldMs} ms, and the line does not say so`
  return notYet(because, { evidence, hint: durations.length > 0 ? HINTS.tooEarly : undefined })
}

/**
 * What may be meant as a duration. Where no unit is named, a number counts as seconds and as milliseconds, as far as it
 * is not longer than the whole call, as the time of day would be.
 */
function durationsMs({ fields }: Entry, elapsedMs: number): number[] {
  return fields.flatMap(([key, value]) => {
    const number = Number.parseFloat(String(value))
    if (Number.isNaN(number) || !/dur|ms|milli|sec|time|took|elapsed|latency/i.test(key)) return []
    const readings = /ms$|milli/i.test(key) ? [number] : [number, number * 1000]
    return readings.filter((ms) => ms <= elapsedMs)
  })
}

async function judgeIds(kiosk: Kiosk): Promise<Verdict | undefined> {
  const trace = kiosk.lab.nonce.slice(1).padStart(32, '0')
  const traceparent = `00-${trace}-00f067aa0ba902b7-01`
  const given = { 'x-request-id': `${kiosk.lab.nonce}-given`, traceparent }
  await kiosk.call({ tag: 'again' })
  await kiosk.call({ tag: 'known', headers: given })
  const [first, second, known] = await Promise.all(
    ['slow', 'again', 'known'].map(async (tag) => (await kiosk.arrivals(tag))[0]),
  )
  if (!first || !second || !known) return notYet('a call of the app did not arrive at the price service')
  const made = idsOf(first)
  if (made.size === 0) {
    const because = 'the call arrived at the price service with neither x-request-id nor traceparent'
    return notYet(because, { evidence: arrived(kiosk, first), hint: HINTS.noId })
  }
  const expected = new Map(Object.entries({ ...given, traceparent: trace }))
  for (const [header, id] of made) {
    if (idsOf(second).get(header) === id) {
      const because = `two calls arrived with the same ${header}`
      return notYet(because, { evidence: arrived(kiosk, second), hint: HINTS.sameId })
    }
    const kept = idsOf(known).get(header)
    if (kept !== expected.get(header)) {
      const because = `the app gave the ${header} ${expected.get(header)}, and it arrived as ${kept ?? 'none'}`
      return notYet(because, { evidence: arrived(kiosk, known), hint: HINTS.notKept })
    }
  }
  return (await judgeLogged(kiosk, 'slow', first)) ?? (await judgeLogged(kiosk, 'known', known))
}

/** Whether a line about the call holds an id with which it arrived. */
async function judgeLogged(kiosk: Kiosk, tag: string, arrival: Arrival): Promise<Verdict | undefined> {
  const ids = [...idsOf(arrival).values()]
  const entries = await findEntries(kiosk, tag)
  if (!Array.isArray(entries)) return entries
  const values = entries.flatMap(({ fields }) => fields.map(([, value]) => String(value)))
  if (ids.some((id) => values.some((value) => value.includes(id)))) return undefined
  const because = `the call arrived with the id ${ids[0]}, and the sidecar’s line about it does not hold that`
  const evidence: Evidence = { source: kiosk.source(entries[0]!.container), text: entries[0]!.line }
  return notYet(because, { evidence, hint: HINTS.notLogged })
}

/** The ids that a call arrived with, by header; of a traceparent only the trace. */
function idsOf({ headers }: Arrival): Map<string, string> {
  const [, trace] = /^\w\w-([0-9a-f]{32})-/.exec(headers.traceparent ?? '') ?? []
  const ids = [['x-request-id', headers['x-request-id']] as const, ['traceparent', trace] as const]
  return new Map(ids.flatMap(([header, id]) => (id ? [[header, id] as const] : [])))
}

/** All values of a line of JSON, nested ones too; none where it is no object. */
function fieldsOf(line: string): [key: string, value: unknown][] {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return []
  }
  const flatten = (key: string, each: unknown): [string, unknown][] => {
    if (typeof each !== 'object' || each === null) return [[key, each]]
    return Object.entries(each).flatMap(([name, inner]) => flatten(`${key}.${name}`, inner))
  }
  return typeof value === 'object' && value !== null ? flatten('', value) : []
}

const HINTS = {
  notJson:
    'Print one object with JSON.stringify, on one line and with nothing before it. A machine is to read it.',
  several:
    'One call, one line. Collect what you know in an object, and print it when the call is over: answer.on("close", …).',
  bytes:
    'Count what you pass on: add up the length of each part in reply.on("data", …). The header content-length is missing where an answer comes in parts.',
  tooEarly:
    'The clock was stopped too early. The head of the answer is its beginning; the call is over when the last byte is passed on.',
  noId: 'Give each call an id that goes along with it: the header x-request-id, made with randomUUID() where the app gave none.',
  sameId: 'Make the id anew for each call, inside the function that handles it.',
  notKept:
    'The app gave an id, and the sidecar made another one. Keep an id that is there, or whoever gave it can’t find the call again.',
  notLogged:
    'Write the id into the line as well, as it goes on to the price service: without it the two logs can’t be laid side by side.',
}
