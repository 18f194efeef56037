/** Compares two texts line by line. */

/** A line of a comparison: in both, only in the first (`-`), or only in the second (`+`). */
export interface DiffLine {
  mark: ' ' | '-' | '+'
  text: string
}

/** Compares two texts line by line: the longest common subsequence stays, all else goes or comes. */
export function compareLines(before: string, after: string): DiffLine[] {
  const [a, b] = [toLines(before), toLines(after)]
  // common[i][j]: how many lines a from i and b from j have in common.
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const skip = Math.max(common[i + 1]![j]!, common[i]![j + 1]!)
      common[i]![j] = a[i] === b[j] ? common[i + 1]![j + 1]! + 1 : skip
    }
  }
  const lines: DiffLine[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ mark: ' ', text: a[i]! })
      i++
      j++
    } else if (j >= b.length || (i < a.length && common[i + 1]![j]! >= common[i]![j + 1]!)) {
      lines.push({ mark: '-', text: a[i++]! })
    } else {
      lines.push({ mark: '+', text: b[j++]! })
    }
  }
  return lines
}

function toLines(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}
