/** One command at a time works on a lesson: two would replace each other's files and pods. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Lesson } from '#sandbox/course/lesson.ts'
import { WorkshopError } from '#sandbox/errors.ts'
import { tryLock, type Lock } from '#sandbox/lock.ts'
import { stateFolder } from '#sandbox/paths.ts'

/** Takes the lesson's lock; throws a WorkshopError that says which process has the lesson open, and `orElse`. */
export function lockLesson(lesson: Lesson, orElse: string): Lock {
  const lock = tryLockLesson(lesson)
  if ('release' in lock) return lock
  const { pid } = lock.heldBy
  throw new WorkshopError(
    `lesson ${lesson.number} is already open, in process ${pid}`,
    `${orElse}: kill ${pid}`,
  )
}

/** Takes the lesson's lock, or answers who has it. */
export function tryLockLesson(lesson: Lesson): ReturnType<typeof tryLock> {
  const folder = stateFolder()
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    const hint = 'give yourself that folder, or choose another: XDG_STATE_HOME=… npm run lesson'
    throw new WorkshopError(`can't make ${folder}`, hint, { cause: error })
  }
  return tryLock(join(folder, `${lesson.name}.lock`))
}
