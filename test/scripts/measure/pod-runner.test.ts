/** Proves in which order several ways to run a pod are measured. */
import { expect, it } from 'vitest'
import { takeTurns, type PodRunner } from '../../../scripts/measure/pod-runner.ts'

it('takes turns, so that a slow moment is shared by all', async () => {
  const seen: string[] = []
  const runner = (name: string): PodRunner => ({
    start: async () => void seen.push(`${name} starts`),
    remove: async () => void seen.push(`${name} goes`),
  })
  const times = await takeTurns([runner('a'), runner('b')], 2)
  expect(seen.join(', ')).toBe('a starts, a goes, b starts, b goes, a starts, a goes, b starts, b goes')
  expect(times.map(({ firstLine, gone }) => [firstLine.length, gone.length])).toEqual([
    [2, 2],
    [2, 2],
  ])
})
