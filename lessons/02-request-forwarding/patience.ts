/** How long the checks of this lesson wait for a program. */
import { statusesOf } from '#sandbox/course/subject.ts'
import type { Pod } from '#sandbox/objects.ts'

/** `usualMs`, and up to eight seconds while the last start of one of its containers is that recent: programs need time to begin. */
export function patienceMs(pod: Pod, usualMs: number): number {
  const starts = statusesOf(pod).map(({ state }) => Date.parse(state?.running?.startedAt ?? '') || 0)
  const ageMs = Math.max(0, Date.now() - Math.max(...starts))
  return Math.max(usualMs, 8_000 - ageMs)
}
