/** A real runtime inside a node namespace, and shorter words for what most scenarios do with it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '#sandbox/clock.ts'
import { type LinuxRuntime, createLinuxRuntime } from '#sandbox/pods/linux/runtime.ts'
import type { ContainerExit, ContainerSpec, PodIdentity } from '#sandbox/pods/runtime.ts'

/** What a scenario has. */
export interface Stage {
  folder: string
  runtime: LinuxRuntime
  pod(name: string): PodIdentity
  spec(pod: PodIdentity, argv: string[], more?: Partial<ContainerSpec>): ContainerSpec
  /** Runs a container to its end; the log comes without times, stdout before stderr: between them there is no order. */
  run(
    pod: PodIdentity,
    argv: string[],
    more?: Partial<ContainerSpec>,
  ): Promise<{ exit: ContainerExit; output: string[] }>
}

/** Plays with a runtime that is stopped afterwards. */
export async function onStage<T>(folder: string, play: (stage: Stage) => Promise<T>): Promise<T> {
  const runtime = createLinuxRuntime({ folder: join(folder, 'runtime'), clock: systemClock })
  let logs = 0
  const spec: Stage['spec'] = (pod, argv, more = {}) => ({
    pod,
    name: 'main',
    attempt: 0,
    argv,
    env: {},
    workingDir: '/',
    mounts: [],
    logPath: join(folder, 'logs', pod.name, `${logs++}.log`),
    ...more,
  })
  await runtime.prepare()
  try {
    return await play({
      folder,
      runtime,
      spec,
      pod: (name) => ({ uid: `uid-${name}`, namespace: 'default', name, hostname: name }),
      async run(pod, argv, more) {
        const full = spec(pod, argv, more)
        const container = await runtime.startContainer(full)
        const exit = await container.exited
        const lines = readLog(full.logPath)
        const of = (stream: string) => lines.filter((line) => line.startsWith(stream))
        return { exit, output: [...of('stdout'), ...of('stderr')] }
      },
    })
  } finally {
    await runtime.stop()
  }
}

/** `stdout F text` and so on. */
export function readLog(path: string): string[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => line.replace(/^\S+ /, ''))
}
