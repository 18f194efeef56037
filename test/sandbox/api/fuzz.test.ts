/** Proves that 2,000 hostile requests neither break the API server nor get it to write where it must not. */
import { expect, it } from 'vitest'
import { fuzz } from './fuzz/scenario.ts'

it('hostile requests are refused as Kubernetes would, and harm nothing', async () => {
  const { answers, grownBytes, ...report } = await fuzz({ seed: 1, count: 2_000 })
  expect(report).toEqual({ offences: [], ended: undefined, polluted: [], trespasses: [] })
  // They got past the front door: objects were made, changed and refused for what is in them.
  for (const code of [200, 201, 400, 404, 405, 409, 415, 422])
    expect(answers[code], String(code)).toBeGreaterThan(0)
  expect(grownBytes).toBeLessThan(100e6)
}, 180_000)
