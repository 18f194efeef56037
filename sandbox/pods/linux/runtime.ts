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
  type RunningContainer,
} from '../runtime.ts'
import { openLog } from './log.ts'
import { createLoopbacks } from './loopback.ts'
import { createPodNetworks } from './network.ts'
import { startExec } from './exec.ts'
import { type AppProcess, type Operation, ProcessStartError, startProcess } from './process.ts'
import { type HostRoot, readHostRoot, rootOperations } from './root.ts'

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
  pid: number
  running: RunningContainer
}

/** Creates no process and touches no file before `prepare`. */
export function createLinuxRuntime({ folder, clock }: LinuxRuntimeOptions): LinuxRuntime {
  const networks = createPodNetworks(join(folder, 'net'))
  const loopbacks = createLoopbacks()
  const emptyFolder = join(folder, 'root')
  const containers = new Map<string, Container>()
  let host: HostRoot | undefined

  function planContainer(spec: ContainerSpec) {
    const network = networks.get(spec.pod.uid)
    if (!network || !host) throw new Error(`pod ${spec.pod.name} has no sandbox`)
    const pod = { ...spec.pod, ip: network.ip }
    const operations: Operation[] = [
      ['join', network.namespaceFile],
      ['namespaces'],
      ...rootOperations(host, emptyFolder, pod, spec.mounts),
      ...processOperations(spec),
      ...spec.argv.map((argument): Operation => ['arg', argument]),
    ]
    return { operations, log: openLog(spec.logPath, clock) }
  }

  async function startContainer(spec: ContainerSpec): Promise<RunningContainer> {
    const { operations, log } = orCreateError(() => planContainer(spec))
    const app = await startProcess(operations).catch((error: unknown) => {
      log.close()
      throw startErrorOf(error)
    })
    const running = track(app, log.copy(app.stdout, app.stderr))
    containers.set(running.id, { spec, pid: app.pid, running })
    void running.exited.then(() => containers.delete(running.id))
    return running
  }

  function track(app: AppProcess, logged: Promise<void>): RunningContainer {
    let ended = false
    const exited = app.exited.then(async ({ code, signal }): Promise<ContainerExit> => {
      ended = true
      const finishedAtMs = clock.now()
      await logged
      return signal === 0
        ? { exitCode: code, finishedAtMs }
        : { exitCode: 128 + signal, signal, finishedAtMs }
    })
    return {
      id: randomBytes(32).toString('hex'),
      startedAtMs: clock.now(),
      exited,
      kill: (signal) => {
        if (!ended) sendSignal(app.pid, signal)
      },
    }
  }

  return {
    async prepare() {
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(emptyFolder, { recursive: true })
      host = readHostRoot(process.execPath)
      await networks.prepare()
    },
    createSandbox: async ({ uid }) => ({ ip: (await networks.add(uid)).ip }),
    removeSandbox(uid) {
      loopbacks.end(uid)
      return networks.remove(uid)
    },
    async connectLoopback(uid, port) {
      const network = networks.get(uid)
      if (!network) throw new Error('the pod has no sandbox')
      return await loopbacks.connect(uid, network.namespaceFile, port)
    },
    startContainer,
    async exec(containerId, options) {
      const container = containers.get(containerId)
      if (!container)
        throw new ContainerStartError('CreateContainerError', `container ${containerId} is not running`)
      return startExec(container.pid, processOperations(container.spec), options)
    },
    async stop() {
      const running = [...containers.values()].map((container) => container.running)
      for (const container of running) container.kill('SIGKILL')
      await Promise.all(running.map((container) => container.exited))
      await networks.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function orCreateError<T>(plan: () => T): T {
  try {
    return plan()
  } catch (error) {
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

// Docker's own set without MKNOD: there is no device cgroup here that would make device nodes harmless.
const keptCapabilities = new Set([0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 29, 31])
const lastCapability = 40

/** What every process of a container gets once its root is there: rights, environment, working folder. */
function processOperations(spec: ContainerSpec): Operation[] {
  const env = { PATH: defaultPath, HOSTNAME: spec.pod.hostname, HOME: '/root', ...spec.env }
  const capabilities = Array.from({ length: lastCapability + 1 }, (_, capability) => capability)
  return [
    ...capabilities
      .filter((capability) => !keptCapabilities.has(capability))
      .map((capability): Operation => ['drop', String(capability)]),
    ...Object.entries(env).map(([name, value]): Operation => ['env', `${name}=${value}`]),
    ['cwd', spec.workingDir],
  ]
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended a moment ago.
  }
}
