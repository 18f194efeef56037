/** Runs pods as processes of this machine in namespaces of their own; needs to live in a node namespace itself. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import {
  type ContainerExit,
  type ContainerRuntime,
  type ContainerSpec,
  ContainerStartError,
  type PodIdentity,
  type RunningContainer,
} from '../runtime.ts'
import { attachTo } from './attach.ts'
import { type CpuGroup, createCpuGroups, removeCpuGroups } from './cgroup.ts'
import { openLog } from './log.ts'
import { watchMemory } from './memory.ts'
import { mountMemory, unmountMemory } from './memory-volume.ts'
import { createLoopbacks } from './loopback.ts'
import { createPodNetworks } from './network.ts'
import { startExec } from './exec.ts'
import { type AppProcess, type Operation, ProcessStartError, startProcess } from './process.ts'
import { capabilityOperations, homeOf, userOperations } from './rights.ts'
import { type HostRoot, readHostRoot, type RootPlan, rootOperations } from './root.ts'
import { containerOf, killContainer, killProcess, pauseOperations } from './shared-processes.ts'

/** Where the runtime keeps its files, and whose time its logs show. */
export interface LinuxRuntimeOptions {
  /** The runtime's own: `prepare` empties it and `stop` removes it. */
  folder: string
  clock: Clock
}

/** The runtime, and its beginning and end. */
export interface LinuxRuntime extends ContainerRuntime {
  /** Readies network and folders; once, before anything else. */
  prepare(): Promise<void>
  /** Kills what runs and removes what {@link prepare} and the pods made. */
  stop(): Promise<void>
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

interface Container {
  spec: ContainerSpec
  app: AppProcess
  running: RunningContainer
  group?: CpuGroup
}

/** Creates no process and touches no file before `prepare`. */
export function createLinuxRuntime({ folder, clock }: LinuxRuntimeOptions): LinuxRuntime {
  const networks = createPodNetworks(join(folder, 'net'))
  const loopbacks = createLoopbacks()
  const groups = createCpuGroups(folder)
  const emptyFolder = join(folder, 'root')
  const containers = new Map<string, Container>()
  const pauses = new Map<string, AppProcess>()
  let host: HostRoot | undefined

  /** From the engine's namespaces to the root that the plan describes. */
  function enter(pod: PodIdentity, plan: RootPlan, processes: Operation): Operation[] {
    const network = networks.get(pod.uid)
    if (!network || !host) throw new Error(`pod ${pod.name} has no sandbox`)
    return [
      ['join', network.namespaceFile],
      processes,
      ['namespaces'],
      ...rootOperations(host, emptyFolder, { ...pod, ip: network.ip }, plan),
    ]
  }

  /** A namespace of its own, or the pod's, or that of the container to look into. */
  function processNamespace({ pod, processesOf }: ContainerSpec): Operation {
    const target = processesOf === undefined ? undefined : find(processesOf).app
    const first = target ?? pauses.get(pod.uid)
    return first ? ['join', `/proc/${first.pid}/ns/pid`] : ['processes']
  }

  function planContainer(spec: ContainerSpec) {
    const { mounts, workingDir } = spec
    const plan = { mounts, workingDir, readOnly: spec.security?.readOnlyRoot ?? false }
    const group = groups.add(spec.cpuLimit)
    const operations: Operation[] = [
      ...groupOperations(group),
      ...(spec.stdin ? [['stdin'] as const] : []),
      ...(spec.tty ? [['console'] as const, ['env', 'TERM=xterm'] as const] : []),
      ...enter(spec.pod, plan, processNamespace(spec)),
      ...processOperations(spec),
      ...spec.argv.map((argument): Operation => ['arg', argument]),
    ]
    return { operations, group, log: openLog(spec.logPath, clock) }
  }

  async function startContainer(spec: ContainerSpec): Promise<RunningContainer> {
    const { operations, group, log } = orCreateError(() => planContainer(spec))
    const app = await startProcess(operations).catch(async (error: unknown) => {
      log.close()
      await group?.remove()
      throw startErrorOf(error)
    })
    const running = track(app, spec, log.copy(app.stdout, app.stderr), group)
    containers.set(running.id, { spec, app, running, group })
    void running.exited.then(() => containers.delete(running.id))
    return running
  }

  function track(
    app: AppProcess,
    spec: ContainerSpec,
    logged: Promise<void>,
    group?: CpuGroup,
  ): RunningContainer {
    let ended = false
    let oomKilled = false
    const container = containerOf(app.pid)
    const isFirst = !pauses.has(spec.pod.uid) && spec.processesOf === undefined
    const memory = spec.memoryLimitBytes === undefined ? undefined : limitMemory(spec.memoryLimitBytes)
    function limitMemory(bytes: number) {
      return watchMemory(
        () => [app.pid],
        bytes,
        clock,
        () => {
          oomKilled = true
          killProcess(app.pid, 'SIGKILL')
        },
      )
    }
    const exited = app.exited.then(async ({ code, signal }): Promise<ContainerExit> => {
      ended = true
      memory?.stop()
      if (!isFirst) killContainer(container)
      const finishedAtMs = clock.now()
      await Promise.all([logged, group?.remove()])
      if (signal === 0) return { exitCode: code, finishedAtMs }
      return { exitCode: 128 + signal, signal, finishedAtMs, ...(oomKilled ? { oomKilled } : {}) }
    })
    return {
      id: randomBytes(32).toString('hex'),
      startedAtMs: clock.now(),
      exited,
      kill: (signal) => {
        if (!ended) killProcess(app.pid, signal)
      },
    }
  }

  async function createSandbox(pod: PodIdentity): Promise<{ ip: string }> {
    const { ip } = await networks.add(pod.uid)
    if (pod.sharesProcesses && !pauses.has(pod.uid)) {
      const plan = { mounts: [], workingDir: '/', readOnly: true }
      const pause = await startProcess([...enter(pod, plan, ['processes']), ...pauseOperations])
      pause.stdout.resume()
      pause.stderr.resume()
      pauses.set(pod.uid, pause)
    }
    return { ip }
  }

  async function endPause(uid: string): Promise<void> {
    const pause = pauses.get(uid)
    if (!pause) return
    killProcess(pause.pid, 'SIGKILL')
    await pause.exited
    pauses.delete(uid)
  }

  function find(containerId: string): Container {
    const container = containers.get(containerId)
    if (container) return container
    throw new ContainerStartError('CreateContainerError', `container ${containerId} is not running`)
  }

  return {
    async prepare() {
      await removeCpuGroups(folder)
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(emptyFolder, { recursive: true })
      host = readHostRoot(process.execPath)
      await Promise.all([networks.prepare(), groups.prepare()])
    },
    limitsCpu: () => groups.areEnforced(),
    createSandbox,
    async removeSandbox(uid) {
      loopbacks.end(uid)
      await endPause(uid)
      await networks.remove(uid)
    },
    async connectLoopback(uid, port) {
      const network = networks.get(uid)
      if (!network) throw new Error("the pod's network is gone")
      return await loopbacks.connect(uid, network.namespaceFile, port)
    },
    mountMemory,
    unmountMemory,
    startContainer,
    async exec(containerId, options) {
      const { app, spec, group } = find(containerId)
      return startExec(app.pid, [...groupOperations(group), ...processOperations(spec)], options)
    },
    async attach(containerId, options) {
      const { app, spec, running } = find(containerId)
      return attachTo(app, running.exited, spec.stdin, options)
    },
    async stop() {
      const running = [...containers.values()].map((container) => container.running)
      for (const container of running) container.kill('SIGKILL')
      await Promise.all([
        ...running.map((container) => container.exited),
        ...[...pauses.keys()].map(endPause),
      ])
      await networks.stop()
      await removeCpuGroups(folder)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function orCreateError<T>(plan: () => T): T {
  try {
    return plan()
  } catch (error) {
    if (error instanceof ContainerStartError) throw error
    throw new ContainerStartError('CreateContainerError', messageOf(error), { cause: error })
  }
}

/** In containerd's words, which is what a learner will meet on a real cluster. */
function startErrorOf(error: unknown): ContainerStartError {
  const isExec = error instanceof ProcessStartError && error.step === 'exec'
  const message =
    'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: ' +
    `unable to start container process: error during container init: ${messageOf(error)}: unknown`
  return new ContainerStartError(isExec ? 'StartError' : 'RunContainerError', message, { cause: error })
}

function groupOperations(group: CpuGroup | undefined): Operation[] {
  return group ? [['cgroup', group.processes]] : []
}

/** What every process of a container gets once its root is there: environment, working folder, rights. */
function processOperations({ pod, env, workingDir, security }: ContainerSpec): Operation[] {
  const full = { PATH: defaultPath, HOSTNAME: pod.hostname, HOME: homeOf(security?.user), ...env }
  return [
    ...capabilityOperations(security),
    ...Object.entries(full).map(([name, value]): Operation => ['env', `${name}=${value}`]),
    ['cwd', workingDir],
    ...userOperations(security),
  ]
}
