/** `npm test`: the one gate, the same here and in CI. */
import { conclude, runGate, runTests } from '../gate.ts'

export const summary = 'format, lint, types, then every test'
export const usage = `npm test                 everything, as CI runs it
npm test -- <words>      only the test files whose path holds one of the words`

const STATIC_GATES = [
  { name: 'format', file: 'oxfmt', args: ['--check', '.'] },
  { name: 'lint', file: 'oxlint', args: ['--deny-warnings', '.'] },
  { name: 'types', file: 'tsc', args: ['-p', 'test/tsconfig.json'] },
  { name: 'types of the browser', file: 'tsc', args: ['-p', 'site/browser/tsconfig.json'] },
]

/** Runs every gate even after one failed; 0 only when all passed. */
export async function run(args: string[]): Promise<number> {
  const gates = { passed: 0, failed: 0 }
  for (const { name, file, args: words } of args.length === 0 ? STATIC_GATES : []) {
    const exitCode = await runGate(name, file, words)
    gates[exitCode === 0 ? 'passed' : 'failed'] += 1
  }
  const tests = await runTests('test/vitest.config.ts', args)
  return conclude({ ...tests, passed: tests.passed + gates.passed, failed: tests.failed + gates.failed })
}
