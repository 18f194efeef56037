/** Proves what faults.test.ts does for five minutes. */
import { expect, it } from 'vitest'
import { isolatedProvider } from '../helpers/embedded-cluster.ts'
import { isolation } from '../helpers/in-node-namespace.ts'
import { describeWith } from '../helpers/needs.ts'
import { causeFaults } from './faults/scenario.ts'

const { provider, state } = await isolatedProvider()

describeWith([isolation], 'kill -9 at random moments', () => {
  it('of every part, for five minutes, leaves no orphan, loses no object and holds no pod', async () => {
    const { kills, acknowledged, grownBytes, ...report } = await causeFaults({
      provider,
      state,
      seed: Date.now(),
      durationMs: 5 * 60_000,
    })
    console.log('killed', kills, 'objects written', acknowledged, 'engine grew by', grownBytes)
    expect(report).toEqual({ orphans: [], lost: [], stuck: [], isFit: true })
    expect(Object.keys(kills).sort()).toEqual(['container', 'engine', 'init', 'probe', 'unshare', 'wrapper'])
    expect(grownBytes).toBeLessThan(60e6)
  })
})
