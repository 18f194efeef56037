/** The Linux runtime with real namespaces, as root and as an ordinary user. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { until } from '#sandbox/until.ts'
import { isolation, runInNodeNamespace, runners } from '#test/helpers/in-node-namespace.ts'
import { describeWith } from '#test/helpers/needs.ts'
import type * as scenarios from './scenarios.ts'

type Name = keyof typeof scenarios

describeWith([isolation], 'the Linux runtime', () => {
  describe.each(runners)('as %s', (runner) => {
    function play<N extends Name>(name: N) {
      type Answer = Awaited<ReturnType<(typeof scenarios)[N]>>
      return runInNodeNamespace<Answer>(new URL('scenarios.ts', import.meta.url), name, runner)
    }

    test('pods reach each other by address, and their loopback stays their own', async () => {
      expect(await play('twoPodsTalk')).toEqual({
        ip: '10.244.0.2',
        clientIp: '10.244.0.3',
        reachedFromNode: true,
        byAddress: ['stdout F 10.244.0.3'],
        byLoopback: ['stdout F ECONNREFUSED'],
      })
    })

    test('a name that nobody has is unknown at once', async () => {
      const { exitCode, tookMs } = await play('unknownNamesFail')
      expect(exitCode).toBe(2)
      expect(tookMs).toBeLessThan(3000)
    })

    test('a removed sandbox leaves neither link nor file, and its address rests', async () => {
      const answer = await play('addressesAreReused')
      expect(answer.again).toEqual(answer.first)
      expect([answer.held, answer.heldLinks]).toEqual([['uid-a'], ['pod2']])
      expect([answer.left, answer.leftLinks]).toEqual([[], []])
      expect(answer.next.ip).toBe('10.244.0.3')
    })

    test('a container has a root, an environment and devices of its own', async () => {
      const { output } = await play('insideLooksLikeAContainer')
      expect(output.join('\n')).toMatchSnapshot()
    })

    test('a container changes nothing of the host, even as root', async () => {
      const privatePlaces = ['/usr/local/bin', '/etc', '/tmp', '/root', '/var/lib']
      expect(await play('hostStaysUntouched')).toEqual(
        privatePlaces.map((place) => `stdout F wrote ${place}`),
      )
      const marks = privatePlaces.map((place) => `${place}/sidecar-workshop-was-here`)
      expect(marks.filter((path) => existsSync(path))).toEqual([])
    })

    test('volumes appear at their mount paths, also where the host has no such folder', async () => {
      expect(await play('volumesAreShared')).toEqual({
        writer: 0,
        output: [
          'stdout F 42',
          'stdout F a file',
          ...Array.from({ length: 5 }, () => 'stdout F hello'),
          'stdout F /usr/local/bin/node',
          'stdout F the rest is there',
          "stderr F touch: cannot touch '/logs/x': Read-only file system",
          'stderr F sh: 1: cannot create /etc/app/one.conf: Read-only file system',
        ],
        logs: ['nginx.pid'],
        html: ['index.html'],
      })
    })

    test('exits tell code or signal, PID 1 ignores SIGTERM without a handler, SIGKILL takes the whole family', async () => {
      const answer = await play('exitsAreReported')
      expect(answer.code).toMatchObject({ exitCode: 7 })
      expect(answer.deafStillRuns).toBe(true)
      expect(answer.deafExit).toMatchObject({ exitCode: 137, signal: 9 })
      expect(answer.politeExit).toMatchObject({ exitCode: 5 })
      expect(answer.politeLog).toEqual(['stdout F ready', 'stdout F bye'])
      expect(answer.survivors).toEqual([])
    })

    test('output is a CRI log that is complete when the exit is told', async () => {
      const answer = await play('outputIsLogged')
      expect(answer.firstLine).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z stdout P $/)
      expect(answer).toMatchObject({
        mode: '640',
        long: [
          ['stdout P ', 16_384],
          ['stdout P ', 16_384],
          ['stdout F ', 7_232],
        ],
        stderr: ['stderr F error'],
        numbers: true,
        count: 20_004,
        last: 'stdout P unfinished',
      })
    })

    test('exec joins the container: environment, folder, streams, terminal, abort', async () => {
      expect(await play('execJoinsTheContainer')).toEqual({
        shell: { out: 'blue\n/srv\nweb\n', err: 'oops\n', exitCode: 3 },
        input: { out: 'hello', err: '', exitCode: 0 },
        killed: { out: '', err: '', exitCode: 137 },
        terminal: { out: '/dev/pts/0\r\nxterm\r\n', err: '', exitCode: 0 },
        aborted: { out: '', err: '', exitCode: 137 },
        survivors: [],
        unknown:
          'StartError: failed to exec in container: OCI runtime exec failed: exec failed: unable to start container process: exec: "no-such-program": executable file not found in $PATH: unknown',
        ended: 'CreateContainerError: container ID is not running',
      })
    })

    test('a container that cannot start says why in the words of a real cluster', async () => {
      const answer = await play('startsFailWithWords')
      expect(JSON.stringify(answer, undefined, 1).replaceAll(/\/\S+\/work\//g, 'WORK/')).toMatchSnapshot()
    })

    test('stop leaves no process, mount, link or file', async () => {
      expect(await play('stopLeavesNothing')).toEqual({
        processes: [],
        mounts: true,
        links: 1,
        files: ['logs'],
      })
    })

    test('a killed engine takes its containers along', async () => {
      await expect(play('engineIsKilled')).rejects.toThrow('the scenario ended with 137')
      expect(await until(() => !isRunning('98764'), { timeoutMs: 5000 })).toBe(true)
    })
  })
})

function isRunning(argument: string): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(argument)
    } catch {
      return false
    }
  })
}
