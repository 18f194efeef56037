/** Judges lesson 3: each check has the app make calls of its own, and looks how they go through the sidecar and arrive. */
import type { Checks } from '#sandbox/course/check.ts'
import { judgeMeet } from './article.ts'
import { judgeBreak } from './breaking.ts'
import { judgeChange } from './changing.ts'
import { judgeObserve } from './observing.ts'
import { judgePassOn, onSidecar } from './passing.ts'

export const checks = {
  meet: judgeMeet,
  'pass-on': onSidecar(judgePassOn),
  observe: onSidecar(judgeObserve),
  change: onSidecar(judgeChange),
  break: onSidecar(judgeBreak),
} satisfies Checks
