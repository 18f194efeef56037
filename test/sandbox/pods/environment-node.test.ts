/** Volumes, users and limits of pods on a whole node with real containers, as root and as an ordinary user. */
import { describe, expect, it } from 'vitest'
import { isolation, runInNodeNamespace, runners } from '#test/helpers/in-node-namespace.ts'
import { describeWith } from '#test/helpers/needs.ts'
import type * as scenarios from './environment-scenarios.ts'

describeWith([isolation], 'a pod', () => {
  describe.each(runners)('on a node of %s', (runner) => {
    function play<N extends keyof typeof scenarios>(name: N) {
      type Answer = Awaited<ReturnType<(typeof scenarios)[N]>>
      return runInNodeNamespace<Answer>(new URL('environment-scenarios.ts', import.meta.url), name, runner)
    }

    it('sees a changed ConfigMap and label in its volumes, but not through a subPath', async () => {
      expect(await play('changesArrive')).toEqual({ before: true, after: true })
    })

    it('has a volume in memory of the size it asked for, and leaves none behind', async () => {
      expect(await play('memoryVolumeIsLimited')).toEqual({
        lines: ['tmpfs 2', '2097152', 'done', ''],
        isGone: true,
      })
    })

    it('that takes more memory than it may is OOMKilled', async () => {
      expect(await play('outOfMemoryIsTold')).toEqual({ reason: 'OOMKilled', exitCode: 137 })
    })

    it('that must not run as root does not start as root', async () => {
      expect(await play('nonRootIsRefused')).toEqual({
        reason: 'CreateContainerConfigError',
        message:
          'container has runAsNonRoot and image will run as root (pod: "web_default(UID)", container: app)',
        isTold: true,
      })
    })

    it('that asks for privilege is told what to ask for instead', async () => {
      expect(await play('privilegeIsRefused')).toEqual({
        reason: 'CreateContainerConfigError',
        message:
          'a privileged container would be root on the machine itself, and the embedded cluster has none: name what it needs in securityContext.capabilities.add, or use a cluster of kind',
        isTold: true,
      })
    })

    it('gets debuggers while it runs: started, attached to, never restarted', async () => {
      expect(await play('debuggersAreAdded')).toEqual({
        log: 'sleep 1234 \r\n',
        said: 'words\r\ngot words\r\n',
        exitCode: 3,
        lost: { reason: 'CreateContainerConfigError', message: 'unable to find target container nobody' },
        restarts: 0,
        isReady: 'True',
        isGone: true,
      })
    })

    it('shares a volume between users by fsGroup, or is refused where the engine has one id only', async () => {
      expect(await play('groupSharesAVolume')).toEqual(
        runner === 'root'
          ? ['0 2000\ndone\n', '2777 0 2000\n640 1001 2000\nhello\ndone\n']
          : 'CreateContainerConfigError',
      )
    })
  })
})
