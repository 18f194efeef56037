/** Messages of the Domain Name System as far as a cluster needs them: RFC 1035, and RFC 2782 for SRV. */

/** Types of records, by their numbers. */
export const TYPE = { A: 1, SRV: 33, ANY: 255 } as const
/** How an answer went. */
export const CODE = { ok: 0, malformed: 1, noSuchName: 3, notImplemented: 4, refused: 5 } as const

/** What one asks. `name` is in lower case, without the last dot. */
export interface Question {
  id: number
  recursionDesired: boolean
  opcode: number
  name: string
  type: number
  /** The question as it came, to be sent back. */
  raw: Buffer
}

/** One record of an answer. */
export type DnsRecord = { name: string; ttlSeconds: number } & (
  | { type: 'A'; ip: string }
  | { type: 'SRV'; port: number; target: string }
)

/** What is answered: `additional` saves the asker a second question. */
export interface Answer {
  code: number
  answers: DnsRecord[]
  additional?: DnsRecord[]
}

const HEADER_BYTES = 12
const INTERNET = 1
const FLAG = { response: 0x8000, authoritative: 0x0400, truncated: 0x0200, recursionDesired: 0x0100 } as const

/** Reads a query of one question; `undefined` for anything else, which deserves no answer. */
export function readQuestion(message: Buffer): Question | undefined {
  if (message.length < HEADER_BYTES) return undefined
  const flags = message.readUInt16BE(2)
  if (flags & FLAG.response || message.readUInt16BE(4) !== 1) return undefined
  const labels: string[] = []
  let at = HEADER_BYTES
  for (;;) {
    const length = message[at++]
    // A pointer has nothing to point at in a question.
    if (length === undefined || length > 63 || at + length > message.length) return undefined
    if (length === 0) break
    labels.push(message.toString('latin1', at, (at += length)))
  }
  if (at + 4 > message.length) return undefined
  return {
    id: message.readUInt16BE(0),
    recursionDesired: (flags & FLAG.recursionDesired) !== 0,
    opcode: (flags >> 11) & 15,
    name: labels.join('.').toLowerCase(),
    type: message.readUInt16BE(at),
    raw: message.subarray(HEADER_BYTES, at + 4),
  }
}

/** Writes the answer to a question; one that is longer than `maxBytes` says so and nothing else. */
export function writeAnswer(question: Question, answer: Answer, maxBytes: number): Buffer {
  const { answers, additional = [] } = answer
  const body = [question.raw, ...[...answers, ...additional].map(writeRecord)]
  const size = HEADER_BYTES + body.reduce((sum, { length }) => sum + length, 0)
  const isTooLong = size > maxBytes
  const flags =
    FLAG.response |
    FLAG.authoritative |
    (isTooLong ? FLAG.truncated : 0) |
    (question.recursionDesired ? FLAG.recursionDesired : 0) |
    (question.opcode << 11) |
    answer.code
  const counts = isTooLong ? [0, 0, 0] : [answers.length, 0, additional.length]
  const header = shorts(question.id, flags, 1, ...counts)
  return Buffer.concat(isTooLong ? [header, question.raw] : [header, ...body])
}

function writeRecord(record: DnsRecord): Buffer {
  const data =
    record.type === 'A'
      ? Buffer.from(record.ip.split('.').map(Number))
      : Buffer.concat([shorts(0, 100, record.port), writeName(record.target)])
  const ttl = Buffer.alloc(4)
  ttl.writeUInt32BE(record.ttlSeconds)
  const kind = shorts(TYPE[record.type], INTERNET)
  return Buffer.concat([writeName(record.name), kind, ttl, shorts(data.length), data])
}

function writeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from(label, 'latin1'))
  return Buffer.concat([...labels.flatMap((label) => [Buffer.of(label.length), label]), Buffer.of(0)])
}

function shorts(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2)
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2)
  return bytes
}
