/** Proves the only polling loop: it answers, gives up at its deadline, throws what it is thrown, and can be stopped. */
import { describe, expect, it } from 'vitest'
import { until } from '#sandbox/until.ts'

describe('until', () => {
  it('answers what the condition answers as soon as that is truthy', async () => {
    let asked = 0
    expect(await until(() => (++asked === 3 ? 'yes' : undefined), { timeoutMs: 5_000, intervalMs: 1 })).toBe(
      'yes',
    )
    expect(asked).toBe(3)
  })

  it('answers undefined at the deadline, having asked at least once', async () => {
    let asked = 0
    expect(await until(() => ++asked < 0, { timeoutMs: 0 })).toBeUndefined()
    expect(asked).toBe(1)
  })

  it('throws what the condition throws', async () => {
    await expect(until(() => Promise.reject(new Error('boom')), { timeoutMs: 1_000 })).rejects.toThrow('boom')
  })

  it('ends with the reason of its signal', async () => {
    const controller = new AbortController()
    const waiting = until(() => false, { timeoutMs: 60_000, intervalMs: 60_000, signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })
})
