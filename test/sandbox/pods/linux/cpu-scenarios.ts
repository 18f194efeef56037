/** What the tests of CPU limits do inside a node namespace: each export is a scenario and answers what it saw. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createCpuGroups } from '#sandbox/pods/linux/cgroup.ts'
import { until } from '#sandbox/until.ts'
import { cpuGroupsOf } from '#test/helpers/cpu-groups.ts'
import { onStage, readLog } from './stage.ts'

const groupsOf = (folder: string) => cpuGroupsOf(join(folder, 'runtime'))

const spin = ['sh', '-c', 'while true; do :; done']

/** User and system time of a process: fields 14 and 15 of proc_pid_stat(5), in hundredths of a second on Linux. */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** The busy loop, once its container has become it. */
function busyProcess(): number | undefined {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return Number(numbers.find((pid) => argumentsOf(pid) === `${spin.join('\0')}\0`)) || undefined
}

function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Share of one core that a busy loop gets over 2 s. */
async function shareOf(pid: number): Promise<number> {
  const [begun, used] = [performance.now(), cpuSecondsOf(pid)]
  await until(() => performance.now() - begun > 2000, { timeoutMs: 5000 })
  return (cpuSecondsOf(pid) - used) / ((performance.now() - begun) / 1000)
}

export const busyLoopIsSlowed = (folder: string) =>
  onStage(folder, async ({ runtime, pod, spec, run }) => {
    await runtime.createSandbox(pod('web'))
    await run(pod('web'), ['true'])
    const withoutLimit = groupsOf(folder)
    const busy = await runtime.startContainer(spec(pod('web'), spin, { cpuLimit: 0.2 }))
    const withLimit = groupsOf(folder).length
    const pid = await until(busyProcess, { timeoutMs: 5000 })
    const share = await shareOf(pid!)
    busy.kill('SIGKILL')
    await busy.exited
    return { withoutLimit, withLimit, share, after: groupsOf(folder) }
  })

export const allOfAContainerIsInItsGroup = (folder: string) =>
  onStage(folder, async ({ runtime, pod, spec }) => {
    await runtime.createSandbox(pod('web'))
    const script = 'cat /proc/self/cgroup; sleep 98770'
    const main = spec(pod('web'), ['sh', '-c', script], { cpuLimit: 1.5 })
    const container = await runtime.startContainer(main)
    const stdout = new PassThrough()
    const options = {
      argv: ['cat', '/proc/self/cgroup'],
      tty: false,
      stdout,
      signal: AbortSignal.timeout(5000),
    }
    const [output, session] = [text(stdout), await runtime.exec(container.id, options)]
    await session.exitCode
    const group = groupsOf(folder).at(-1)!
    const isMember = (lines: string) => lines.includes(group)
    const isMainMember = await until(() => isMember(readLog(main.logPath).join('\n')), { timeoutMs: 5000 })
    return { main: isMainMember === true, exec: isMember(await output) }
  })

export const failedStartLeavesNoGroup = (folder: string) =>
  onStage(folder, async ({ runtime, pod, spec }) => {
    await runtime.createSandbox(pod('web'))
    const start = runtime.startContainer(spec(pod('web'), ['no-such-program'], { cpuLimit: 1 }))
    await start.catch(() => undefined)
    return groupsOf(folder)
  })

export const stopRemovesGroups = async (folder: string) => {
  const during = await onStage(folder, async ({ runtime, pod, spec }) => {
    await runtime.createSandbox(pod('web'))
    await runtime.startContainer(spec(pod('web'), ['sleep', '98771'], { cpuLimit: 1 }))
    return groupsOf(folder).length
  })
  return { during, after: groupsOf(folder) }
}

/** The groups before are as an engine that was killed leaves them. */
export const nextStartRemovesGroups = async (folder: string) => {
  const runtimeFolder = join(folder, 'runtime')
  mkdirSync(runtimeFolder)
  const groups = createCpuGroups(runtimeFolder)
  await groups.prepare()
  groups.add(1)
  const before = groupsOf(folder).length
  await onStage(folder, async () => undefined)
  return { before, after: groupsOf(folder) }
}

export const limitWithoutGroups = (folder: string) =>
  onStage(folder, async ({ runtime, pod, run }) => {
    await runtime.createSandbox(pod('web'))
    const { exit } = await run(pod('web'), ['true'], { cpuLimit: 0.5 })
    return { limitsCpu: runtime.limitsCpu(), exitCode: exit.exitCode }
  })
