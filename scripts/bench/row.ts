/** One figure of a benchmark. */

/** `value` is the median of `runs` measurements; `note` says what it was measured beside or why it is missing. */
export interface Row {
  name: string
  unit: string
  value?: number
  runs: number
  note?: string
}

/** The middle of the values; the mean of the middle two where they are even in number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
