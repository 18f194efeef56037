/** Judges lesson 2: two steps on a caller and its server, three on a proxy and the app behind it. */
import type { Checks } from '#sandbox/course/check.ts'
import { judgeMeet, judgeSurvive, onGreeter } from './calling.ts'
import { judgeForward } from './forwarding.ts'
import { judgeFail } from './failing.ts'
import { judgeHeaders } from './headers.ts'
import { onShop } from './shop.ts'

export const checks = {
  meet: onGreeter(judgeMeet),
  survive: onGreeter(judgeSurvive),
  forward: onShop(judgeForward),
  headers: onShop(judgeHeaders),
  fail: onShop(judgeFail),
} satisfies Checks
