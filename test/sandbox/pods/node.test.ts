/** The whole node with real containers: API server, kubelet and Linux runtime, as root and as an ordinary user. */
import { describe, expect, it } from 'vitest'
import { isolation, runInNodeNamespace, runners } from '#test/helpers/in-node-namespace.ts'
import { describeWith } from '#test/helpers/needs.ts'
import type * as scenarios from './node-scenarios.ts'

describeWith([isolation], 'the node', () => {
  describe.each(runners)('as %s', (runner) => {
    function play<N extends keyof typeof scenarios>(name: N) {
      type Answer = Awaited<ReturnType<(typeof scenarios)[N]>>
      return runInNodeNamespace<Answer>(new URL('node-scenarios.ts', import.meta.url), name, runner)
    }

    it('runs a sidecar beside its app, lets us exec, and ends both on deletion', async () => {
      expect(await play('sidecarReadsASharedVolume')).toEqual({
        output: ['line 1', 'line 2', 'line 3'],
        said: 'web\n',
        exitCode: 3,
        isGone: true,
        phase: 'Running',
        ip: '10.244.0.2',
      })
    })

    it('tells of a crash in status, log and events', async () => {
      expect(await play('crashIsTold')).toEqual({
        previous: 'dying\n',
        restarts: 1,
        exitCode: 7,
        counts: { Pulled: 2, Created: 2, Started: 2, BackOff: 1 },
      })
    })

    it('tells of a command that does not exist', async () => {
      expect(await play('wrongCommandIsTold')).toMatchObject({
        reason: 'StartError',
        exitCode: 128,
        message: expect.stringContaining('no-such-command') as string,
      })
    })

    it('keeps nothing of a pod that is gone', async () => {
      expect(await play('podsComeAndGo')).toEqual({ left: [], hasFolder: true })
    })
  })
})
