/** One gate of the test commands: a tool that passes or fails, and what vitest counted. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '#sandbox/command.ts'

/** What a run of tests, or of gates, came to. */
export interface Counts {
  passed: number
  failed: number
  skipped: number
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Ends only what hangs: a soak is meant to take half an hour. */
const TIMEOUT_MS = 2 * 60 * 60_000

/** Runs a tool of node_modules/.bin at the root of the repository, on our terminal; answers its exit code. */
export async function runGate(
  name: string,
  file: string,
  args: string[],
  env?: Record<string, string>,
): Promise<number> {
  const started = performance.now()
  const path = join(ROOT, 'node_modules', '.bin', file)
  const { exitCode } = await runCommand(path, args, { cwd: ROOT, env, inherit: true, timeoutMs: TIMEOUT_MS })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${exitCode === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`)
  return exitCode
}

/** Runs vitest with a config of test/ over the files whose path holds one of the words, or over all of them. */
export async function runTests(
  config: string,
  words: string[],
  env?: Record<string, string>,
): Promise<Counts> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecar-test-'))
  try {
    const report = join(folder, 'report.json')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const exitCode = await runGate(
      'tests',
      'vitest',
      ['run', '--config', config, ...reporters, ...words],
      env,
    )
    const result = JSON.parse(await readFile(report, 'utf8').catch(() => '{}')) as Record<string, number>
    return {
      passed: result.numPassedTests ?? 0,
      // A file that could not be loaded has no tests to count, and has failed all the same.
      failed: result.numFailedTests || (exitCode === 0 ? 0 : 1),
      skipped: (result.numPendingTests ?? 0) + (result.numTodoTests ?? 0),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Prints the closing line and answers the exit code: 0 when something ran and nothing failed. */
export function conclude({ passed, failed, skipped }: Counts): number {
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  return failed === 0 && passed > 0 ? 0 : 1
}
