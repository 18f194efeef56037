/** Proves that kill -9 of any part of a cluster, at any moment, costs no object, no process and no pod. */
import { expect, it } from 'vitest'
import { isolatedProvider } from '../helpers/embedded-cluster.ts'
import { isolation } from '../helpers/in-node-namespace.ts'
import { describeWith } from '../helpers/needs.ts'
import { causeFaults } from './faults/scenario.ts'

const { provider, state } = await isolatedProvider()

describeWith([isolation], 'kill -9 at random moments', () => {
  it('of every part, for 20 seconds, leaves no orphan, loses no object and holds no pod', async () => {
    const { kills, acknowledged, grownBytes, ...report } = await causeFaults({
      provider,
      state,
      seed: 1,
      durationMs: 20_000,
    })
    expect(report).toEqual({ orphans: [], lost: [], stuck: [], isFit: true })
    expect(Object.keys(kills).length).toBeGreaterThan(3)
    expect(acknowledged).toBeGreaterThan(100)
    expect(grownBytes).toBeLessThan(60e6)
  }, 120_000)
})
