/** Compares what a lesson says that a command prints with what it printed, apart from what differs each time. */

/** The lines of `expected` that did not come. Each line that came counts for one; empty ones are not looked for. */
export function missingLines(expected: readonly string[], came: readonly string[]): string[] {
  const left = came.map((line) => line.trim())
  // What fits much must not take the line that another one needs.
  const strictFirst = [...expected].sort((a, b) => Number(a.includes('…')) - Number(b.includes('…')))
  return strictFirst.filter((line) => {
    if (line.trim() === '') return false
    const pattern = patternOf(line.trim())
    const at = left.findIndex((each) => pattern.test(each))
    if (at !== -1) left.splice(at, 1)
    return at === -1
  })
}

/** Matches a whole line. */
function patternOf(line: string): RegExp {
  let source = ''
  let at = 0
  for (const match of line.matchAll(CHANGING)) {
    const [name = ''] = Object.entries(match.groups!).find(([, text]) => text !== undefined) ?? []
    source += RegExp.escape(line.slice(at, match.index)) + ANY[name]
    at = match.index + match[0].length
  }
  return new RegExp(`^${source}${RegExp.escape(line.slice(at))}$`)
}

const MONTHS = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec'
const DAYS = 'Mon|Tue|Wed|Thu|Fri|Sat|Sun'

/** What differs from run to run. The first that fits counts. */
const CHANGING = new RegExp(
  [
    '(?<rest>\\s*…\\s*)',
    '(?<space>\\s+)',
    `(?<month>\\b(?:${MONTHS})\\b)`,
    `(?<day>\\b(?:${DAYS})\\b)`,
    // An age as kubectl writes it.
    '(?<age>\\b(?:\\d+[dhms])+\\b)',
    // A container's id, a nonce of a check, the hash of a pod template: seven characters with two digits and a letter.
    '(?<id>\\b(?=[a-z]*\\d[a-z]*\\d)(?=\\d*[a-z])[a-z0-9]{7,}\\b)',
    // The end of a generated pod name; Kubernetes leaves vowels out of it.
    '(?<suffix>(?<=-)(?=[a-z]*\\d)[bcdfghjklmnpqrstvwxz2456789]{5}\\b)',
    '(?<number>\\d+)',
  ].join('|'),
  'g',
)

const ANY: Record<string, string> = {
  rest: '.*',
  space: '\\s+',
  month: `(?:${MONTHS})`,
  day: `(?:${DAYS})`,
  age: '(?:\\d+[dhms])+',
  id: '[a-z0-9]+',
  suffix: '[a-z0-9]{5}',
  number: '\\d+',
}
