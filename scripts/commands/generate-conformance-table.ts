/** Writes the table of what the embedded cluster serves into sandbox/README.md, from the conformance suite. */
import { runGate } from '../gate.ts'

export const summary = 'rewrite the table of what the embedded cluster serves'
export const usage = 'node scripts/workshop.mjs generate-conformance-table'

/** The test that proves the table writes it too, when it is told to update: the suite is nobody else's to import. */
export async function run(): Promise<number> {
  // In CI vitest updates nothing, and the test would only fail.
  const words = ['run', '--config', 'test/vitest.config.ts', 'test/conformance/table', '--update']
  return await runGate('conformance table', 'vitest', words, { CI: '' })
}
