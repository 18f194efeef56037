/** Shows what would change in a workspace, file by file. */
import { compareLines, type DiffLine } from '#sandbox/course/compare-lines.ts'
import { printable, style } from './print.ts'

/** The changed files of a workspace, each with its changed lines and three around them; empty when all are equal. */
export function drawDiff(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort()
  return names.flatMap((name) => {
    const [old, fresh] = [before.get(name), after.get(name)]
    if (old === fresh) return []
    const note = old === undefined ? ' (new)' : fresh === undefined ? ' (goes)' : ''
    return [style('bold', `${printable(name)}${note}`), ...hunks(compareLines(old ?? '', fresh ?? '')), '']
  })
}

const COLORS = { ' ': 'dim', '-': 'red', '+': 'green' } as const

function hunks(lines: DiffLine[]): string[] {
  const isNear = (index: number) =>
    lines.slice(Math.max(0, index - 3), index + 4).some(({ mark }) => mark !== ' ')
  return lines.flatMap(({ mark, text }, index) => {
    if (isNear(index)) return [style(COLORS[mark], `${mark} ${printable(text)}`)]
    return index > 0 && isNear(index - 1) ? [style('dim', '  …')] : []
  })
}
