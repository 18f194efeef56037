/** Users, capabilities, terminals, shared processes and limits of real containers, as root and as an ordinary user. */
import { describe, expect, test } from 'vitest'
import { binary, describeWith, root } from '#test/helpers/needs.ts'
import { type Runner, isolation, runInNodeNamespace, runners } from '#test/helpers/in-node-namespace.ts'
import type * as scenarios from './security-scenarios.ts'

const iptables = binary('iptables')

function playAs<N extends keyof typeof scenarios>(runner: Runner, name: N) {
  type Answer = Awaited<ReturnType<(typeof scenarios)[N]>>
  return runInNodeNamespace<Answer>(new URL('security-scenarios.ts', import.meta.url), name, runner)
}

const lines = (...words: string[]) => words.map((word) => `stdout F ${word}`)

describeWith(
  [isolation, iptables, root, binary('newuidmap', 'apt-get install uidmap')],
  'a container',
  () => {
    test.each<Runner>(['root', 'user with ids'])(
      'of an engine of %s has any user and group',
      async (runner) => {
        expect(await playAs(runner, 'usersAndGroups')).toEqual({
          root: lines('0', '0', '0', '/root', 'hi'),
          user: lines('1234', '5678', '5678 42 43', '/', 'hi', 'no'),
          nobody: lines('65534', '65534', '65534', '/nonexistent', 'hi', 'no'),
        })
      },
    )

    test.each<Runner>(['root', 'user with ids'])(
      'of an engine of %s redirects a port save for what one user sends',
      async (runner) => {
        expect(await playAs(runner, 'redirectionByUser')).toEqual({
          app: lines('sidecar'),
          sidecar: lines('app'),
        })
      },
    )
  },
)

describeWith([isolation], 'a container of an engine with one id', () => {
  test('is refused another user, with what to do about it', async () => {
    const refusal = (ids: string) =>
      `CreateContainerConfigError: the embedded cluster was started by an ordinary user and has no ids but 0, so not ${ids}: start it as root, or install uidmap and give the user a range in /etc/subuid and /etc/subgid`
    expect(await playAs('user', 'usersAndGroups')).toEqual({
      root: lines('0', '0', '0', '/root', 'hi'),
      user: refusal('1234, 5678, 42, 43'),
      nobody: refusal('65534, 65534'),
    })
  })
})

describeWith([isolation, iptables], 'a container', () => {
  describe.each(runners)('of an engine of %s', (runner) => {
    const play = <N extends keyof typeof scenarios>(name: N) => playAs(runner, name)

    test('has capabilities added and dropped, and none that reaches the machine', async () => {
      expect(await play('capabilities')).toEqual({
        usual: ['stdout F 00000000a00425fb', 'stdout F 0'],
        none: ['stdout F 0000000000000000', 'stdout F 1'],
        some: ['stdout F 0000000000001000', 'stdout F 0'],
        tooMuch:
          'CreateContainerConfigError: capability SYS_ADMIN would reach the machine itself; the embedded cluster adds NET_BROADCAST, NET_ADMIN, IPC_LOCK, IPC_OWNER, SYS_PTRACE, SYS_NICE, LEASE',
      })
    })

    test('with NET_ADMIN redirects a port of its pod, save for what the sidecar sends', async () => {
      expect(await play('redirection')).toEqual({
        refused: true,
        init: [],
        app: ['stdout F sidecar'],
        sidecar: ['stdout F app'],
      })
    })

    test('with a read-only root writes to nothing but /dev', async () => {
      expect(await play('readOnlyRoot')).toEqual(['stdout F wrote /dev/shm', 'stdout F /made'])
    })

    test('of a pod with shareProcessNamespace sees its neighbours, and leaves no child behind', async () => {
      expect(await play('sharedProcesses')).toEqual({
        isFirst: false,
        before: ['stdout F /pause', 'stdout F sleep'],
        exitCode: 3,
        after: ['stdout F /pause'],
      })
    })

    test('that looks into another one sees its first process', async () => {
      expect(await play('looksIntoAnother')).toBe('stdout F sleep 98766 ')
    })

    test('is attached to without a new process: input, output, terminal, and again after leaving', async () => {
      expect(await play('attachJoinsTheMainProcess')).toEqual({
        first: [4, 'hello\n', 'over\n'],
        log: 'stdout F hello\nstderr F over\n',
        second: [0, 'word\r\n33 101\r\n/dev/pts/0\r\ngot word\r\n', ''],
        third: [0, 0, 'onetwo\n'],
      })
    })

    test('over its memory limit is killed, its children counted', async () => {
      const { exit, isModestAlive } = await play('memoryIsLimited')
      expect(exit).toMatchObject({ exitCode: 137, signal: 9, oomKilled: true })
      expect(isModestAlive).toBe(true)
    })

    test('cannot start processes without end', async () => {
      expect(await play('forkBombsAreLimited')).toBe(2)
    })

    test('knows its names and name servers as its pod says', async () => {
      expect(await play('namesAreTold')).toEqual(
        [
          'web.shop.default.svc.cluster.local',
          '10.244.0.2\tweb.shop.default.svc.cluster.local\tweb',
          '',
          '# Entries added by HostAliases.',
          '10.1.2.3\tfoo.local\tbar.local',
          'search default.svc.cluster.local svc.cluster.local cluster.local example.com',
          'nameserver 10.96.0.10',
          'nameserver 1.2.3.4',
          'options ndots:2 edns0',
          'nameserver 1.1.1.1',
        ].map((line) => `stdout F ${line}`),
      )
    })
  })
})
