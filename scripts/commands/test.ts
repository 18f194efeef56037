/** `npm test`: the one gate, the same here and in CI. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '#sandbox/command.ts'

export const summary = 'format, lint, types, then every test'
export const usage = `npm test                 everything, as CI runs it
npm test -- <words>      only the test files whose path holds one of the words`

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** A gate that hangs is ended after this long; the whole is meant to take at most ten minutes. */
const GATE_TIMEOUT_MS = 30 * 60_000

const STATIC_GATES = [
  { name: 'format', file: 'oxfmt', args: ['--check', '.'] },
  { name: 'lint', file: 'oxlint', args: ['--deny-warnings', '.'] },
  { name: 'types', file: 'tsc', args: ['-p', 'test/tsconfig.json'] },
]

/** Runs every gate even after one failed; 0 only when all passed. */
export async function run(args: string[]): Promise<number> {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const gates = args.length === 0 ? STATIC_GATES : []
  for (const { name, file, args: words } of gates) {
    const exitCode = await runGate(name, file, words)
    counts[exitCode === 0 ? 'passed' : 'failed'] += 1
  }
  const exitCode = await runTests(args, counts)
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
  return exitCode === 0 && counts.failed === 0 && counts.passed > 0 ? 0 : 1
}

async function runGate(name: string, file: string, args: string[]): Promise<number> {
  const started = performance.now()
  const path = join(ROOT, 'node_modules', '.bin', file)
  const { exitCode } = await runCommand(path, args, { cwd: ROOT, inherit: true, timeoutMs: GATE_TIMEOUT_MS })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${exitCode === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`)
  return exitCode
}

async function runTests(
  words: string[],
  counts: Record<'passed' | 'failed' | 'skipped', number>,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecar-test-'))
  try {
    const report = join(folder, 'report.json')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const exitCode = await runGate('tests', 'vitest', [
      'run',
      '--config',
      'test/vitest.config.ts',
      ...reporters,
      ...words,
    ])
    const result = JSON.parse(await readFile(report, 'utf8')) as Record<string, number>
    counts.passed += result.numPassedTests ?? 0
    // A file that could not be loaded has no tests to count, and has failed all the same.
    counts.failed += result.numFailedTests || (result.success ? 0 : 1)
    counts.skipped += (result.numPendingTests ?? 0) + (result.numTodoTests ?? 0)
    return exitCode
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
