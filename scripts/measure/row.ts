/** One figure of a benchmark, and how several measurements become one. */

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

/** The median of times in milliseconds. */
export function timeRow(name: string, values: readonly number[], note?: string): Row {
  return { name, unit: 'ms', value: median(values), runs: values.length, note }
}

/** How long the action takes, in milliseconds. */
export async function timed(action: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await action()
  return performance.now() - started
}
