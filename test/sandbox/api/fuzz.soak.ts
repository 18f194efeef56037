/** Proves what fuzz.test.ts does with 100,000 requests, by four seeds. */
import { expect, it } from 'vitest'
import { fuzz } from './fuzz/scenario.ts'

it.each([11, 12, 13, 14])('hostile requests of seed %i harm nothing', async (seed) => {
  const { answers, grownBytes, ...report } = await fuzz({ seed, count: 25_000 })
  expect(report).toEqual({ offences: [], ended: undefined, polluted: [], trespasses: [] })
  expect(answers[201]).toBeGreaterThan(100)
  expect(grownBytes).toBeLessThan(100e6)
})
