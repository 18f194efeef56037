/** Vitest for `npm run soak`: what only a long run can show. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    globalSetup: 'test/nothing-left.ts',
    include: ['test/**/*.soak.ts'],
    testTimeout: 15 * 60_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
    reporters: ['dot'],
  },
})
