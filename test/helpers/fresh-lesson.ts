/** A lesson as `npm run lesson new` makes it, for the tests that every lesson must pass. */
import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { LESSONS_FOLDER, listLessons, type Lesson } from '#sandbox/course/lesson.ts'
import { createLesson } from '#sandbox/course/new-lesson.ts'

const SANDBOX = fileURLToPath(new URL('../../sandbox', import.meta.url))

/** Behind the last lesson, and gone with the test file. */
export async function createFreshLesson(): Promise<Lesson> {
  const root = mkdtempSync(join(tmpdir(), 'sidecar-workshop-lesson-'))
  afterAll(() => rmSync(root, { recursive: true }))
  // Its check imports #sandbox as the others do.
  writeFileSync(
    join(root, 'package.json'),
    '{ "type": "module", "imports": { "#sandbox/*": "./sandbox/*" } }',
  )
  symlinkSync(SANDBOX, join(root, 'sandbox'))
  const folder = join(root, 'lessons')
  mkdirSync(folder)
  // Its number, and so its namespace, must be nobody else's.
  const last = (await listLessons()).at(-1)!
  symlinkSync(join(LESSONS_FOLDER, last.name), join(folder, last.name))
  await createLesson('A fresh lesson', folder)
  return (await listLessons(folder)).at(-1)!
}
