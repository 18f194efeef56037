/** A container runtime without processes, for tests of what the kubelet asks of one and in which order. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Writable } from 'node:stream'
import type { Clock } from '#sandbox/clock.ts'
import type {
  ContainerExit,
  ContainerRuntime,
  ContainerSpec,
  ContainerStartError,
} from '#sandbox/pods/runtime.ts'

/** A container that "runs": the test ends it. */
export interface FakeContainer {
  spec: ContainerSpec
  id: string
  end(exitCode: number): void
}

/** What a test can see and steer. */
export interface FakeRuntime extends ContainerRuntime {
  /** What was asked, in order: `sandbox web`, `start app 0`, `exec app-0: true`, `SIGTERM app`, `remove web`. */
  calls: string[]
  /** The latest container of this name. */
  container(name: string): FakeContainer | undefined
  /** Containers of these names go on after SIGTERM. */
  deaf: Set<string>
  /** Containers of these names fail to start. */
  broken: Map<string, ContainerStartError>
  /** What a command that is run in a container answers; 0 without it. */
  onExec?: (
    id: string,
    argv: string[],
    options: { stdout?: Writable; stderr?: Writable; signal: AbortSignal },
  ) => number | Promise<number>
  /** When set, sandboxes fail with this message. */
  sandboxError?: string
}

/** Containers get SIGTERM and end with 143, unless they are deaf. */
export function createFakeRuntime(clock: Clock): FakeRuntime {
  const containers = new Map<string, FakeContainer>()
  const names = new Map<string, string>()
  let serial = 0
  const runtime: FakeRuntime = {
    calls: [],
    deaf: new Set(),
    broken: new Map(),
    container: (name) => containers.get(name),
    limitsCpu: () => false,
    async createSandbox(pod) {
      runtime.calls.push(`sandbox ${pod.name}`)
      names.set(pod.uid, pod.name)
      if (runtime.sandboxError) throw new Error(runtime.sandboxError)
      return { ip: `10.244.0.${++serial + 1}` }
    },
    async removeSandbox(uid) {
      runtime.calls.push(`remove ${names.get(uid)}`)
    },
    connectLoopback: () => Promise.reject(new Error('this test has no ports')),
    async mountMemory() {},
    async unmountMemory() {},
    async startContainer(spec) {
      runtime.calls.push(`start ${spec.name} ${spec.attempt}`)
      const error = runtime.broken.get(spec.name)
      if (error) throw error
      mkdirSync(dirname(spec.logPath), { recursive: true })
      writeFileSync(spec.logPath, `${new Date(clock.now()).toISOString()} stdout F run ${spec.attempt}\n`)
      const ended = Promise.withResolvers<ContainerExit>()
      const id = `${spec.name}-${spec.attempt}`
      const end = (exitCode: number) => ended.resolve({ exitCode, finishedAtMs: clock.now() })
      containers.set(spec.name, { spec, id, end })
      return {
        id,
        startedAtMs: clock.now(),
        exited: ended.promise,
        kill(signal) {
          runtime.calls.push(`${signal} ${spec.name}`)
          if (signal === 'SIGKILL') end(137)
          else if (!runtime.deaf.has(spec.name)) end(143)
        },
      }
    },
    async exec(id, options) {
      runtime.calls.push(`exec ${id}: ${options.argv.join(' ')}`)
      return { exitCode: Promise.resolve(runtime.onExec?.(id, options.argv, options) ?? 0), resize() {} }
    },
    async attach() {
      return { exitCode: Promise.resolve(0), resize() {} }
    },
  }
  return runtime
}
