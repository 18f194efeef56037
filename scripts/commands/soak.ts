/** `npm run soak`: the tests that take longer, run before an issue is called resolved. */
import { parseArgs } from 'node:util'
import { conclude, runTests } from '../gate.ts'

export const summary = 'the tests that take longer: every lesson twenty times, and test/**/*.soak.ts'
export const usage = `npm run soak                    all of it
npm run soak -- --repeat 50     how often each lesson is proven
npm run soak -- <words>         only the files whose path holds one of the words`

/** 0 only when all passed. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { repeat: { type: 'string', default: '20' } },
  })
  return conclude(await runTests('test/soak.config.ts', positionals, { LESSON_REPEATS: values.repeat }))
}
