/** Finds the container engine of this machine, Docker or Podman, and runs it. */
import { runCommand, type CommandOptions, type CommandResult } from '../command.ts'
import { WorkshopError } from '../errors.ts'
import { findBinary } from '../find-binary.ts'
import { installLine } from '../install-line.ts'

/** An engine that answers. */
export interface ContainerEngine {
  name: 'docker' | 'podman'
  /** What kind has to be told to use this engine. */
  kindEnv: Record<string, string>
}

/** Docker where it answers, else Podman, or the one that KIND_EXPERIMENTAL_PROVIDER names; throws what is in the way. */
export async function findEngine(): Promise<ContainerEngine> {
  const wanted = process.env.KIND_EXPERIMENTAL_PROVIDER
  const names = (['docker', 'podman'] as const).filter((name) => !wanted || wanted === name)
  const present = names.filter((name) => findBinary(name))
  if (present.length === 0) {
    const what = names.length === 1 ? `${names[0]} is not` : 'neither docker nor podman is'
    throw new WorkshopError(`${what} on your PATH`, installLine(names[0] ?? 'docker'))
  }
  const refusals: string[] = []
  for (const name of present) {
    const { exitCode, stderr } = await runCommand(name, ['ps', '--quiet'], { timeoutMs: 20_000 })
    if (exitCode === 0) {
      return { name, kindEnv: name === 'podman' ? { KIND_EXPERIMENTAL_PROVIDER: 'podman' } : {} }
    }
    refusals.push(stderr)
  }
  throw engineRefusal(present[0]!, refusals[0]!)
}

/** Runs the engine; throws its own words when it fails. */
export async function runEngine(
  { name }: ContainerEngine,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await runCommand(name, args, options)
  if (result.exitCode === 0) return result
  throw new WorkshopError(
    `${name} ${args[0]} failed:\n${lastLines(result.stderr)}`,
    `see it by hand: ${name} ${args.join(' ')}`,
  )
}

/** Why an engine does not answer, and what mends it. */
export function engineRefusal(name: string, stderr: string): WorkshopError {
  const said = `:\n${lastLines(stderr)}`
  if (/permission denied/i.test(stderr)) {
    const hint =
      'sudo usermod -aG docker "$USER", then log out and in again (for this shell alone: newgrp docker)'
    return new WorkshopError(`you may not speak to ${name}${said}`, hint)
  }
  const hint =
    process.platform === 'linux' ? `sudo systemctl start ${name}` : 'start Docker Desktop, and try again'
  return new WorkshopError(`${name} does not answer${said}`, hint)
}

/** The end of what a command wrote: the reason is there. */
export function lastLines(text: string, count = 3): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.slice(-count).join('\n') || '(it said nothing)'
}
