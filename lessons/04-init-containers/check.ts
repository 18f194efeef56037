/** Judges lesson 4: each check looks at what the app can do with what its init containers have left. */
import type { Checks } from '#sandbox/course/check.ts'
import { again, order } from './archive.ts'
import { content } from './content.ts'
import { deadline } from './deadline.ts'
import { onGuestbook } from './guestbook.ts'
import { owner } from './owner.ts'

export const checks = {
  owner: onGuestbook(owner),
  content: onGuestbook(content),
  order: onGuestbook(order),
  deadline,
  again: onGuestbook(again),
} satisfies Checks
