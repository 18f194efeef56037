/** Puts what the doctor found into lines: the mark, what was tried and found, what it costs, and what mends it. */
import type { NamedFinding } from '#sandbox/doctor/examine.ts'
import { printable, style } from './print.ts'
import { wrap } from './wrap.ts'

const MARKS = { ok: ['green', '✓'], limited: ['yellow', '○'], broken: ['red', '✗'] } as const

/** Lines of at most 80 columns, but for the command, which is there to be copied. One line where all is well. */
export function findingLines({ name, state, tried, found, costs, mend }: NamedFinding): string[] {
  const [color, mark] = MARKS[state]
  const title = `${style(color, mark)} ${name.replaceAll('-', ' ')}`
  if (state === 'ok') return [`${title}: ${printable(found)}`]
  return [
    title,
    ...paragraph(`tried: ${tried}`),
    ...paragraph(`found: ${found}`),
    ...(costs === undefined ? [] : paragraph(`costs: ${costs}`)),
    ...(mend === undefined ? [] : [`    → ${printable(mend)}`]),
  ]
}

function paragraph(words: string): string[] {
  return wrap(printable(words), 76).map((line) => `    ${line}`)
}
