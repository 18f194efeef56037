/** What the tests of the Linux runtime do inside a node namespace: each export is a scenario and answers what it saw. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { ContainerMount, ContainerSpec } from '#sandbox/pods/runtime.ts'
import { until } from '#sandbox/until.ts'
import { onStage, readLog } from './stage.ts'

function makeFolder(folder: string, name: string): string {
  const path = join(folder, name)
  mkdirSync(path)
  return path
}

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

export const twoPodsTalk = (folder: string) =>
  onStage(folder, async ({ runtime, pod, spec, run }) => {
    const [server, client] = [pod('server'), pod('client')]
    const { ip } = await runtime.createSandbox(server)
    const { ip: clientIp } = await runtime.createSandbox(client)
    const listen =
      "require('net').createServer((c) => c.on('error', () => {}).end(c.remoteAddress)).listen(8080, '0.0.0.0')"
    await runtime.startContainer(spec(server, ['node', '-e', listen]))
    const reachedFromNode = await until(() => canConnect(ip, 8080), { timeoutMs: 10_000 })
    const ask = (host: string) =>
      `require('net').connect(8080, '${host}').on('error', (e) => console.log(e.code)).on('data', (d) => console.log(String(d)))`
    const byAddress = await run(client, ['node', '-e', ask(ip)])
    const byLoopback = await run(client, ['node', '-e', ask('127.0.0.1')])
    return { ip, clientIp, reachedFromNode, byAddress: byAddress.output, byLoopback: byLoopback.output }
  })

export const unknownNamesFail = (folder: string) =>
  onStage(folder, async ({ runtime, pod, run }) => {
    await runtime.createSandbox(pod('web'))
    const begun = performance.now()
    const { exit } = await run(pod('web'), ['getent', 'hosts', 'no-such-service'])
    return { exitCode: exit.exitCode, tookMs: performance.now() - begun }
  })

export const addressesAreReused = (folder: string) =>
  onStage(folder, async ({ runtime, pod, folder: base }) => {
    const links = () =>
      execFileSync('ip', ['-o', 'link'])
        .toString()
        .match(/pod\d+/g) ?? []
    const first = await runtime.createSandbox(pod('a'))
    const again = await runtime.createSandbox(pod('a'))
    const held = readdirSync(join(base, 'runtime', 'net'))
    const heldLinks = links()
    await runtime.removeSandbox('uid-a')
    await runtime.removeSandbox('uid-a')
    const left = readdirSync(join(base, 'runtime', 'net'))
    const leftLinks = links()
    const next = await runtime.createSandbox(pod('a'))
    return { first, again, held, heldLinks, left, leftLinks, next }
  })

export const insideLooksLikeAContainer = (folder: string) =>
  onStage(folder, async ({ runtime, pod, run }) => {
    const { ip } = await runtime.createSandbox(pod('web'))
    const script = [
      'id -u; hostname; echo "pid $$"; pwd; env | sort',
      'cat /etc/hosts /etc/resolv.conf /etc/hostname',
      'ls -A /home /root /tmp /var/log; ls -d /work /mnt/* /etc/shadow /boot',
      'node -p process.execPath; ls /proc/self/fd',
      'echo out > /dev/stdout; echo err > /dev/stderr; head -c 3 /dev/zero | wc -c',
    ]
    const { output } = await run(pod('web'), ['sh', '-c', script.join(';')], {
      env: { GREETING: 'two\nlines' },
      workingDir: '/made/on/demand',
    })
    return { ip, output }
  })

export const hostStaysUntouched = (folder: string) =>
  onStage(folder, async ({ runtime, pod, run }) => {
    await runtime.createSandbox(pod('web'))
    const script = [
      'for place in /usr /bin /lib /etc/ssl /usr/local/bin /proc/sys/kernel /sys /etc /tmp /root /var/lib',
      'do touch $place/sidecar-workshop-was-here 2>/dev/null && echo "wrote $place"; done',
      'mount -o remount,rw /usr 2>/dev/null && echo remounted',
      'mknod /tmp/disk b 8 0 2>/dev/null && echo "made a device"',
      'echo 1 > /proc/sysrq-trigger && echo "pressed sysrq"',
      'kill -0 2 2>/dev/null && echo "saw another process"; true',
    ]
    const { output } = await run(pod('web'), ['sh', '-c', script.join('\n')])
    return output.filter((line) => line.startsWith('stdout'))
  })

export const volumesAreShared = (folder: string) =>
  onStage(folder, async ({ runtime, pod, run, folder: base }) => {
    await runtime.createSandbox(pod('web'))
    const [logs, html] = [makeFolder(base, 'logs-volume'), makeFolder(base, 'html-volume')]
    const file = join(base, 'one.conf')
    writeFileSync(file, 'a file\n')
    const at = (source: string, mountPath: string, readOnly = false): ContainerMount => ({
      source,
      mountPath,
      readOnly,
    })
    const writer = await run(pod('web'), ['sh', '-c', 'echo 42 > /opt/sh/openresty/nginx/logs/nginx.pid'], {
      mounts: [at(logs, '/opt/sh/openresty/nginx/logs')],
    })
    const mounts = [
      at(logs, '/logs', true),
      at(html, '/usr/share/no-such-folder/html'),
      at(html, '/usr/share/no-such-folder/more'),
      at(file, '/etc/app/one.conf', true),
      at(html, '/usr/lib/also-missing'),
      at(html, '/lib/by-the-link'),
      at(html, '/var/run/by-a-link'),
      at(html, '/usr/local/bin/deep/html'),
    ]
    const script = [
      'cat /logs/nginx.pid /etc/app/one.conf; touch /logs/x; echo y > /etc/app/one.conf',
      'echo hello > /usr/share/no-such-folder/html/index.html; cat /usr/share/no-such-folder/more/index.html',
      'cat /usr/lib/also-missing/index.html /lib/by-the-link/index.html /run/by-a-link/index.html',
      'cat /usr/local/bin/deep/html/index.html; which node; ls /usr/share/perl5 > /dev/null && echo "the rest is there"',
    ]
    const reader = await run(pod('web'), ['sh', '-c', script.join(';')], { mounts })
    return {
      writer: writer.exit.exitCode,
      output: reader.output,
      logs: readdirSync(logs),
      html: readdirSync(html),
    }
  })

export const exitsAreReported = (folder: string) =>
  onStage(folder, async ({ runtime, pod, spec, run }) => {
    await runtime.createSandbox(pod('web'))
    const code = await run(pod('web'), ['sh', '-c', 'exit 7'])
    const deaf = await runtime.startContainer(spec(pod('web'), ['sleep', '1000']))
    deaf.kill('SIGTERM')
    const listening = spec(pod('web'), [
      'sh',
      '-c',
      "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done",
    ])
    const polite = await runtime.startContainer(listening)
    await until(() => readLog(listening.logPath).length > 0, { timeoutMs: 5000 })
    polite.kill('SIGTERM')
    const politeExit = await polite.exited
    const deafStillRuns = await Promise.race([deaf.exited.then(() => false), Promise.resolve(true)])
    deaf.kill('SIGKILL')
    const deafExit = await deaf.exited
    deaf.kill('SIGKILL')
    const family = await runtime.startContainer(spec(pod('web'), ['sh', '-c', 'sleep 98761 & sleep 98761']))
    await until(() => processesWith('98761').length >= 2, { timeoutMs: 5000 })
    family.kill('SIGKILL')
    await family.exited
    const survivors = processesWith('98761')
    return {
      code: code.exit,
      deafStillRuns,
      deafExit,
      politeExit,
      politeLog: readLog(listening.logPath),
      survivors,
    }
  })

function processesWith(argument: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(argument)
    } catch {
      return false
    }
  })
}

export const outputIsLogged = (folder: string) =>
  onStage(folder, async ({ runtime, pod, spec }) => {
    await runtime.createSandbox(pod('web'))
    const script = 'head -c 40000 /dev/zero | tr "\\0" x; echo; echo error >&2; seq 20000; printf unfinished'
    const full = spec(pod('web'), ['sh', '-c', script])
    const container = await runtime.startContainer(full)
    await container.exited
    const lines = readLog(full.logPath)
    const stdout = lines.filter((line) => line.startsWith('stdout '))
    return {
      mode: (statSync(full.logPath).mode & 0o777).toString(8),
      firstLine: readFileSync(full.logPath, 'utf8').slice(0, 40),
      long: stdout.slice(0, 3).map((line) => [line.slice(0, 9), line.length - 9]),
      stderr: lines.filter((line) => line.startsWith('stderr ')),
      numbers: stdout.slice(3, -1).every((line, index) => line === `stdout F ${index + 1}`),
      count: stdout.length,
      last: stdout.at(-1),
    }
  })

export const execJoinsTheContainer = (folder: string) =>
  onStage(folder, async ({ runtime, pod, spec }) => {
    await runtime.createSandbox(pod('web'))
    const container = await runtime.startContainer(
      spec(pod('web'), ['sleep', '1000'], { env: { COLOR: 'blue' }, workingDir: '/srv' }),
    )
    const exec = async (argv: string[], { tty = false, input = '', abortAt = '', size = [0, 0] } = {}) => {
      const [stdout, stderr, abort] = [new PassThrough(), new PassThrough(), new AbortController()]
      const stdin = input ? Readable.from([input]) : undefined
      const session = await runtime.exec(container.id, {
        argv,
        tty,
        stdin,
        stdout,
        stderr,
        signal: abort.signal,
      })
      if (tty) session.resize(size[0] ?? 0, size[1] ?? 0)
      if (abortAt) await until(() => processesWith(abortAt).length > 0, { timeoutMs: 5000 })
      if (abortAt) abort.abort()
      const [out, err, exitCode] = await Promise.all([text(stdout), text(stderr), session.exitCode])
      return { out, err, exitCode }
    }
    const failure = (error: Error & { reason?: string }) => `${error.reason}: ${error.message}`
    const answer = {
      shell: await exec(['sh', '-c', 'echo $COLOR; pwd; hostname; echo oops >&2; exit 3']),
      input: await exec(['cat'], { input: 'hello' }),
      killed: await exec(['sh', '-c', 'kill -9 $$']),
      terminal: await exec(['sh', '-c', 'until [ "$(stty size)" = "33 101" ]; do :; done; tty; echo $TERM'], {
        tty: true,
        size: [101, 33],
      }),
      aborted: await exec(['sh', '-c', 'sleep 98762 & sleep 98762'], { abortAt: '98762' }),
      survivors: processesWith('98762'),
      unknown: await exec(['no-such-program']).catch(failure),
    }
    container.kill('SIGKILL')
    await container.exited
    return { ...answer, ended: (await exec(['true']).catch(failure)).toString().replace(container.id, 'ID') }
  })

export const startsFailWithWords = (folder: string) =>
  onStage(folder, async ({ runtime, pod, run, folder: base }) => {
    await runtime.createSandbox(pod('web'))
    const words = (argv: string[], more?: Partial<ContainerSpec>) =>
      run(pod('web'), argv, more).catch((error: Error & { reason?: string }) => ({
        reason: error.reason,
        message: error.message,
      }))
    writeFileSync(join(base, 'plain'), '')
    chmodSync(join(base, 'plain'), 0o644)
    const volume = { source: makeFolder(base, 'volume'), mountPath: '/v', readOnly: true }
    return {
      unknownName: await words(['foo']),
      unknownPath: await words(['/no/such/file']),
      notExecutable: await words(['/plain'], {
        mounts: [{ ...volume, source: join(base, 'plain'), mountPath: '/plain' }],
      }),
      nestedInReadOnly: await words(['true'], { mounts: [volume, { ...volume, mountPath: '/v/missing' }] }),
      fileOverFolder: await words(['true'], {
        mounts: [{ ...volume, source: join(base, 'plain'), mountPath: '/srv' }],
      }),
      sourceGone: await words(['true'], { mounts: [{ ...volume, source: '/no/such/source' }] }),
      noSandbox: await run(pod('other'), ['true']).catch((error: Error) => error.message),
    }
  })

export const stopLeavesNothing = async (folder: string) => {
  const mountsBefore = readFileSync('/proc/self/mountinfo', 'utf8')
  await onStage(folder, async ({ runtime, pod, spec }) => {
    await runtime.createSandbox(pod('a'))
    await runtime.createSandbox(pod('b'))
    await runtime.startContainer(spec(pod('a'), ['sleep', '98763']))
    await runtime.startContainer(spec(pod('b'), ['sleep', '98763']))
  })
  await until(() => execFileSync('ip', ['-o', 'link']).toString().trim().split('\n').length === 1, {
    timeoutMs: 5000,
  })
  return {
    processes: processesWith('98763'),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8') === mountsBefore,
    links: execFileSync('ip', ['-o', 'link']).toString().trim().split('\n').length,
    files: readdirSync(folder),
  }
}

export const engineIsKilled = (folder: string) =>
  onStage(folder, async ({ runtime, pod, spec }) => {
    await runtime.createSandbox(pod('a'))
    await runtime.startContainer(spec(pod('a'), ['sleep', '98764']))
    process.kill(process.pid, 'SIGKILL')
  })
