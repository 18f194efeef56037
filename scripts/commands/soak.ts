/** `npm run soak`: the tests that take longer, run before an issue is called resolved. */
import { conclude, runTests } from '../gate.ts'

export const summary = 'the tests that take longer: test/**/*.soak.ts'
export const usage = `npm run soak                 all of it
npm run soak -- <words>      only the files whose path holds one of the words
npm run lessons              proves the lessons, with --repeat as often as you like`

/** 0 only when all passed. */
export async function run(args: string[]): Promise<number> {
  return conclude(await runTests('test/soak.config.ts', args))
}
