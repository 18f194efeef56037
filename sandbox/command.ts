/** Runs other people's binaries: the only file that imports execa. */
import { createInterface } from 'node:readline'
import { WorkshopError, messageOf } from './errors.ts'

/** What a finished command left: its exit code and both outputs, trailing newline removed. */
export interface CommandResult {
  exitCode: number
  stdout: string
  stderr: string
}

/** How to run a command. */
export interface CommandOptions {
  cwd?: string
  env?: Record<string, string>
  /** Text for standard input; without it standard input is closed. */
  input?: string
  /** Lets the command write to our own terminal instead of capturing what it writes. */
  inherit?: boolean
  /** Told each line of standard error as it comes. */
  onErrorLine?: (line: string) => void
  /** SIGTERM after this long, SIGKILL 2 s later; 60 s unless told. */
  timeoutMs?: number
  /** SIGTERM on abort, SIGKILL 2 s later. */
  signal?: AbortSignal
}

/**
 * Runs `file` with `args` and waits for its end. A non-zero exit code is an answer, not an error;
 * throws a WorkshopError when the binary can't be started or had to be ended.
 */
export async function runCommand(
  file: string,
  args: readonly string[] = [],
  options: CommandOptions = {},
): Promise<CommandResult> {
  // Loaded on first use: it costs more than the rest of a command that runs no binary.
  const { execa } = await import('execa')
  const { timeoutMs = 60_000, signal, input, inherit, onErrorLine, ...rest } = options
  const child = execa(file, args, {
    ...rest,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    ...(inherit && { stdout: 'inherit' as const, stderr: 'inherit' as const }),
    reject: false,
    timeout: timeoutMs,
    forceKillAfterDelay: 2_000,
    cancelSignal: signal,
  })
  if (onErrorLine) createInterface(child.stderr!).on('line', onErrorLine)
  const result = await child
  if (result.exitCode === undefined) {
    const hint =
      result.code === 'ENOENT' ? `install ${file}, or add its folder to PATH` : 'run it by hand to see more'
    throw new WorkshopError(messageOf(result), hint, { cause: result })
  }
  return { exitCode: result.exitCode, stdout: result.stdout ?? '', stderr: result.stderr ?? '' }
}
