/** What containers with rights, users, terminals and shared processes see inside a node namespace. */
import { readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { ContainerSecurity, ContainerSpec } from '#sandbox/pods/runtime.ts'
import { until } from '#sandbox/until.ts'
import { onStage, type Stage } from './stage.ts'

const plain: ContainerSecurity = {
  groups: [],
  readOnlyRoot: false,
  addCapabilities: [],
  dropCapabilities: [],
  noNewPrivileges: false,
}

function shell({ pod, run }: Stage, script: string, more: Partial<ContainerSpec>) {
  return run(pod('web'), ['sh', '-c', script], more)
    .then(({ output }) => output)
    .catch((error: Error & { reason?: string }) => `${error.reason}: ${error.message}`)
}

export const usersAndGroups = (folder: string) =>
  onStage(folder, async (stage) => {
    await stage.runtime.createSandbox(stage.pod('web'))
    const script =
      'id -u; id -g; id -G; echo $HOME; echo hi >/dev/stdout; touch /etc/x 2>/dev/null || echo no'
    const as = (security: Partial<ContainerSecurity>) =>
      shell(stage, script, { security: { ...plain, ...security }, workingDir: '/work' })
    return {
      root: await as({ user: 0 }),
      user: await as({ user: 1234, group: 5678, groups: [42, 43] }),
      nobody: await as({ user: 65_534 }),
    }
  })

export const capabilities = (folder: string) =>
  onStage(folder, async (stage) => {
    await stage.runtime.createSandbox(stage.pod('web'))
    const as = (security: Partial<ContainerSecurity>) =>
      shell(stage, 'grep -E "CapEff|NoNewPrivs" /proc/self/status | cut -f 2', {
        security: { ...plain, ...security },
      })
    return {
      usual: await as({}),
      none: await as({ dropCapabilities: ['ALL'], noNewPrivileges: true }),
      some: await as({ addCapabilities: ['CAP_NET_ADMIN'], dropCapabilities: ['ALL'] }),
      tooMuch: await as({ addCapabilities: ['SYS_ADMIN'] }),
    }
  })

/** An init container redirects a port of the pod; the app's requests then arrive at the sidecar. */
export const redirection = (folder: string) =>
  onStage(folder, async (stage) => {
    const { runtime, pod, spec } = stage
    await runtime.createSandbox(pod('web'))
    const rule = 'iptables -t nat -A OUTPUT -p tcp --dport 7979 ! -s 127.0.0.6 -j REDIRECT --to-ports 15001'
    const refused = await shell(stage, rule, {})
    const init = await shell(stage, rule, { security: { ...plain, addCapabilities: ['NET_ADMIN'] } })
    const listen = (port: number, name: string) =>
      `require('net').createServer((c) => c.end('${name}\\n')).listen(${port}, () => console.log('up'))`
    for (const [port, name] of [[7979, 'app'] as const, [15001, 'sidecar'] as const]) {
      const full = spec(pod('web'), ['node', '-e', listen(port, name)])
      await runtime.startContainer(full)
      await until(() => readFileSync(full.logPath, 'utf8').includes('up'), { timeoutMs: 10_000 })
    }
    const ask = (localAddress: string) =>
      `require('net').connect({ port: 7979, host: '127.0.0.1', localAddress: '${localAddress}' }).pipe(process.stdout)`
    const from = async (address: string) => (await stage.run(pod('web'), ['node', '-e', ask(address)])).output
    return {
      refused: refused.length > 0,
      init,
      app: await from('127.0.0.1'),
      sidecar: await from('127.0.0.6'),
    }
  })

/** As above, with the sidecar told apart by its user, as Istio does. */
export const redirectionByUser = (folder: string) =>
  onStage(folder, async ({ runtime, pod, spec, run }) => {
    await runtime.createSandbox(pod('web'))
    const rule =
      'iptables -t nat -A OUTPUT -p tcp --dport 7979 -m owner ! --uid-owner 1337 -j REDIRECT --to-ports 15001'
    await run(pod('web'), ['sh', '-c', rule], { security: { ...plain, addCapabilities: ['NET_ADMIN'] } })
    const script =
      "for (const [port, name] of [[7979, 'app'], [15001, 'sidecar']]) require('net').createServer((c) => c.end(name + '\\n')).listen(port, () => console.log('up'))"
    const servers = spec(pod('web'), ['node', '-e', script])
    await runtime.startContainer(servers)
    await until(() => readFileSync(servers.logPath, 'utf8').split('up').length === 3, { timeoutMs: 10_000 })
    const ask = "require('net').connect(7979, '127.0.0.1').pipe(process.stdout)"
    const by = async (user: number) =>
      (await run(pod('web'), ['node', '-e', ask], { security: { ...plain, user } })).output
    return { app: await by(1000), sidecar: await by(1337) }
  })

export const readOnlyRoot = (folder: string) =>
  onStage(folder, async (stage) => {
    await stage.runtime.createSandbox(stage.pod('web'))
    const script =
      'for place in / /tmp /etc /usr/local/bin /usr/share/made /dev/shm; do touch $place/x 2>/dev/null && echo "wrote $place"; done; pwd'
    return await shell(stage, script, {
      security: { ...plain, readOnlyRoot: true },
      workingDir: '/made',
      mounts: [{ source: stage.folder, mountPath: '/usr/share/made/volume', readOnly: true }],
    })
  })

export const sharedProcesses = (folder: string) =>
  onStage(folder, async (stage) => {
    const { runtime, spec, run } = stage
    const pod = { ...stage.pod('web'), sharesProcesses: true }
    await runtime.createSandbox(pod)
    // The child outlives its parent: only the end of the whole container takes it away.
    const app = await runtime.startContainer(
      spec(pod, ['sh', '-c', 'sleep 98765 & trap "exit 3" TERM; while :; do :; done']),
    )
    const look = 'cat /proc/[0-9]*/comm 2>/dev/null | grep -E "pause|sleep" | sort'
    const before = await run(pod, ['sh', '-c', `echo $$; ${look}`])
    app.kill('SIGTERM')
    const { exitCode } = await app.exited
    const after = await run(pod, ['sh', '-c', look])
    await runtime.removeSandbox(pod.uid)
    return {
      isFirst: before.output[0] === 'stdout F 1',
      before: before.output.slice(1),
      exitCode,
      after: after.output,
    }
  })

export const looksIntoAnother = (folder: string) =>
  onStage(folder, async ({ runtime, pod, spec, run }) => {
    await runtime.createSandbox(pod('web'))
    const app = await runtime.startContainer(spec(pod('web'), ['sleep', '98766']))
    const script = 'tr "\\0" " " </proc/1/cmdline; echo; echo $$'
    const debug = await run(pod('web'), ['sh', '-c', script], { processesOf: app.id })
    return debug.output[0]
  })

export const attachJoinsTheMainProcess = (folder: string) =>
  onStage(folder, async ({ runtime, pod, spec }) => {
    await runtime.createSandbox(pod('web'))
    const attach = async (id: string, input: string, size?: [number, number]) => {
      const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
      const session = await runtime.attach(id, {
        stdin,
        stdout,
        stderr,
        signal: new AbortController().signal,
      })
      if (size) session.resize(...size)
      stdin.write(input)
      return { stdin, session, out: text(stdout), err: text(stderr) }
    }
    const once = spec(pod('web'), ['sh', '-c', 'cat; echo over >&2; exit 4'], { stdin: 'once' })
    const first = await attach((await runtime.startContainer(once)).id, 'hello\n')
    await until(() => readFileSync(once.logPath, 'utf8').includes('hello'), { timeoutMs: 5_000 })
    first.stdin.end()
    const script =
      'until [ "$(stty size)" = "33 101" ]; do :; done; read line; stty size; tty; echo "got $line"'
    const console = spec(pod('web'), ['sh', '-c', script], { stdin: 'open', tty: true })
    const second = await attach((await runtime.startContainer(console)).id, 'word\n', [101, 33])
    const open = spec(pod('web'), ['sh', '-c', 'read a; read b; echo $a$b'], { stdin: 'open' })
    const running = await runtime.startContainer(open)
    const aborter = new AbortController()
    const stdin = new PassThrough()
    const left = await runtime.attach(running.id, { stdin, signal: aborter.signal })
    stdin.write('one\n')
    aborter.abort()
    const leftCode = await left.exitCode
    const third = await attach(running.id, 'two\n')
    return {
      first: [await first.session.exitCode, await first.out, await first.err],
      log: readFileSync(once.logPath, 'utf8').replaceAll(/^\S+ /gm, ''),
      second: [await second.session.exitCode, await second.out, await second.err],
      third: [leftCode, await third.session.exitCode, await third.out],
    }
  })

export const memoryIsLimited = (folder: string) =>
  onStage(folder, async ({ runtime, pod, spec, run }) => {
    await runtime.createSandbox(pod('web'))
    const grow = 'const held = []; setInterval(() => held.push(Buffer.alloc(4 << 20, 1)), 20)'
    const memoryLimitBytes = 96 << 20
    const greedy = run(pod('web'), ['sh', '-c', `node -e '${grow}'; true`], { memoryLimitBytes })
    const modest = await runtime.startContainer(spec(pod('web'), ['sleep', '1000'], { memoryLimitBytes }))
    const { exit } = await greedy
    const isModestAlive = await Promise.race([modest.exited.then(() => false), Promise.resolve(true)])
    return { exit, isModestAlive }
  })

export const forkBombsAreLimited = (folder: string) =>
  onStage(folder, async ({ runtime, pod, run }) => {
    await runtime.createSandbox(pod('web'))
    const script = 'n=0; while [ $n -lt 3000 ]; do sleep 100 & n=$((n+1)); done'
    const { exit } = await run(pod('web'), ['sh', '-c', script])
    return exit.exitCode
  })

export const namesAreTold = (folder: string) =>
  onStage(folder, async ({ runtime, pod, run }) => {
    const web = {
      ...pod('web'),
      domain: 'shop.default.svc.cluster.local',
      isFullName: true,
      hostAliases: [{ ip: '10.1.2.3', hostnames: ['foo.local', 'bar.local'] }],
      dns: {
        nameservers: ['1.2.3.4'],
        searches: ['example.com'],
        options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
      },
    }
    const none = { ...pod('other'), dns: { policy: 'None', nameservers: ['1.1.1.1'] } }
    await runtime.createSandbox(web)
    await runtime.createSandbox(none)
    const { output } = await run(web, ['sh', '-c', 'hostname; tail -n 4 /etc/hosts; cat /etc/resolv.conf'])
    return [...output, ...(await run(none, ['cat', '/etc/resolv.conf'])).output]
  })
