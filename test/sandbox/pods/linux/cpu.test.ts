/** CPU limits of real containers, and that their control groups come and go with them. */
import { expect, test } from 'vitest'
import { cpuLimits } from '#test/helpers/cpu-limits.ts'
import { isolation, runInNodeNamespace, runners } from '#test/helpers/in-node-namespace.ts'
import { describeWith, root } from '#test/helpers/needs.ts'
import type * as scenarios from './cpu-scenarios.ts'

type Name = keyof typeof scenarios

function play<N extends Name>(name: N, runner = runners[0]!) {
  type Answer = Awaited<ReturnType<(typeof scenarios)[N]>>
  return runInNodeNamespace<Answer>(new URL('cpu-scenarios.ts', import.meta.url), name, runner)
}

describeWith([isolation, root, cpuLimits], 'a CPU limit', () => {
  test('slows a busy loop down, and makes a group for that container alone', async () => {
    const { withoutLimit, withLimit, share, after } = await play('busyLoopIsSlowed')
    expect(withoutLimit).toEqual([])
    expect(withLimit).toBe(2)
    expect(share).toBeGreaterThan(0)
    expect(share).toBeLessThan(0.35)
    expect(after).toEqual([])
  })

  test('holds for the main process and for what is run beside it', async () => {
    expect(await play('allOfAContainerIsInItsGroup')).toEqual({ main: true, exec: true })
  })

  test('leaves no group after a start that failed', async () => {
    expect(await play('failedStartLeavesNoGroup')).toEqual([])
  })

  test('leaves no group after the runtime has stopped', async () => {
    expect(await play('stopRemovesGroups')).toEqual({ during: 2, after: [] })
  })

  test('leaves no group after the next start of an engine that was killed', async () => {
    expect(await play('nextStartRemovesGroups')).toEqual({ before: 2, after: [] })
  })

  test('of an ordinary user without a group of its own is shown only, and its container runs', async () => {
    expect(await play('limitWithoutGroups', 'user')).toEqual({ limitsCpu: false, exitCode: 0 })
  })
})
