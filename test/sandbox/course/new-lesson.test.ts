/** Proves that a new lesson is a folder that can be read, and that no title harms one that is there. */
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { listLessons, loadProse } from '#sandbox/course/lesson.ts'
import { createLesson } from '#sandbox/course/new-lesson.ts'
import { readAnswers } from '#sandbox/course/states.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'
import { tinyCourse } from '#test/helpers/tiny-course.ts'

test('a new lesson stands behind the last one, and has the title that was typed', async () => {
  const root = temporaryFolder(tinyCourse())
  const folder = await createLesson('Café: who’s “next” __NUMBER__?', root)
  expect(basename(folder)).toBe('02-cafe-who-s-next-number')
  const lesson = (await listLessons(root))[1]!
  expect(lesson).toMatchObject({ title: 'Café: who’s “next” __NUMBER__?', number: 2 })
  expect((await loadProse(lesson)).steps.size).toBe(lesson.steps.length)
  expect(await readAnswers(lesson, 0)).toHaveLength(5)
})

test.for([
  ['', 'a new lesson needs a title'],
  ['日本', '“日本” has no letter for the name of a folder'],
  ['Tiny course', 'there is a lesson 01-tiny-course already'],
])('a lesson titled “%s” is refused: %s', async ([title, why]) => {
  const root = temporaryFolder(tinyCourse())
  await expect(createLesson(title!, root)).rejects.toThrow(why)
  expect(readdirSync(root)).toEqual(['01-tiny-course'])
})
