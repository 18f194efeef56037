/** Vitest over the whole test tree; run it through `npm test`, or alone with `npx vitest --config test/vitest.config.ts`. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/nothing-left.ts',
    // Real processes on a learner's two cores: a deadline this long only ends what hangs.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: ['default'],
  },
})
