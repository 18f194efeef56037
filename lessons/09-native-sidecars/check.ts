/** Judges lesson 9: what is in the states and times of the containers, in an end that nobody disturbs, and in a fault. */
import type { Checks } from '#sandbox/course/check.ts'
import { judgeCrash } from './crash.ts'
import { judgeGate } from './gate.ts'
import { judgeJob } from './job.ts'
import { judgeLastWords } from './last-words.ts'
import { judgeRace } from './race.ts'
import { onShop } from './shop.ts'

export const checks = {
  race: onShop(judgeRace),
  gate: onShop(judgeGate),
  job: judgeJob,
  'last-words': judgeLastWords,
  crash: onShop(judgeCrash),
} satisfies Checks
