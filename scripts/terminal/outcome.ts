/** Puts the outcome of a check into lines: verdict first, then why, then what was seen. */
import type { Outcome } from '#sandbox/course/check.ts'
import { printable, style } from './print.ts'
import { cut, wrap } from './wrap.ts'

/** Lines of at most `columns` (80 unless told), the first with the mark and the step's title. */
export function outcomeLines(outcome: Outcome, title: string, columns = 80): string[] {
  const room = Math.min(columns, 80) - 4
  const text = (words: string) => wrap(printable(words), room).map((line) => `  ${cut(line, room)}`)
  switch (outcome.verdict) {
    case 'done':
      return [`${style('green', '✓')} ${title}`, ...evidenceLines(outcome.evidence, room)]
    case 'not yet':
      return [
        `${style('yellow', '○')} ${title}: not yet`,
        ...text(outcome.because),
        ...(outcome.evidence ? evidenceLines(outcome.evidence, room) : []),
        ...(outcome.hint ? text(`Hint: ${outcome.hint}`).map((line) => style('magenta', line)) : []),
      ]
    case 'broken':
      return [
        `${style('red', '✗')} ${title}: broken check`,
        ...text('The check could not judge, and that is not your fault.'),
        ...text(outcome.because),
        ...text(`→ ${outcome.hint}`),
      ]
  }
}

/** Where it was seen, and the first lines of it, each cut to one line of the terminal. */
function evidenceLines({ source, text }: { source: string; text: string }, columns: number): string[] {
  const lines = printable(text).trimEnd().split('\n').slice(0, 5)
  return [
    style('dim', `  seen in ${cut(printable(source), columns - 10)}:`),
    ...lines.map((line) => `  ${style('dim', '│')} ${cut(line, columns - 2)}`),
  ]
}
