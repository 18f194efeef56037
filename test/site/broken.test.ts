/** Proves that a mistake in a lesson fails the build, with file, line, what is wrong and what to write instead. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { WorkshopError } from '#sandbox/errors.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'
import { lessonText, tinyCourse } from '#test/helpers/tiny-course.ts'
import { buildSite } from '../../site/build.ts'

/** What the build says of a lesson of this text; the site that was there before must still be there. */
async function mistakeIn(text: string): Promise<string> {
  const lessons = temporaryFolder(tinyCourse(text))
  const outDir = temporaryFolder({ 'contents.html': 'the site of yesterday' })
  const error = await buildSite({ lessons, outDir }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(WorkshopError)
  expect(readdirSync(outDir)).toEqual(['contents.html'])
  const { message, hint } = error as WorkshopError
  return `${message}\n-> ${hint}`.replaceAll(/\S*01-tiny-course/g, '01-tiny-course')
}

function withStep(text: string): string {
  return lessonText({
    body: `\n<Step id="look">\n\n${text}\n\n</Step>\n\n<Step id="mend">\n\nx\n\n</Step>\n`,
  })
}

describe('the build fails, and says what to write, for', () => {
  test('an unknown key in the front matter', async () => {
    expect(await mistakeIn(lessonText().replace('minutes:', 'minute:'))).toMatchInlineSnapshot(`
      "01-tiny-course/lesson.mdx:3: unknown key “minute”
      01-tiny-course/lesson.mdx:1: minutes is undefined
      -> the keys here are: title, minutes, summary, workers, steps
      write a whole number, as in “minutes: 30”"
    `)
  })

  test('MDX that does not close', async () => {
    expect(await mistakeIn(withStep('<Pod manifest="start/pod.yaml">'))).toMatchInlineSnapshot(`
      "01-tiny-course/lesson.mdx:19: Unexpected closing tag \`</Step>\`, expected corresponding closing tag for \`<Pod>\` (19:1-19:32)
      -> close the tag; write a literal < or { in \`code\`"
    `)
  })

  test('a file that is not there', async () => {
    expect(await mistakeIn(withStep('<File path="start/sidecra.ts" />'))).toMatchInlineSnapshot(`
      "01-tiny-course/lesson.mdx:19: there is no file “start/sidecra.ts”
      -> write its path from the lesson’s folder"
    `)
  })

  test('a link to a page that is not there', async () => {
    expect(await mistakeIn(withStep('See [the words](glosary.html).'))).toMatchInlineSnapshot(`
      "01-tiny-course/lesson.mdx:19: the link “glosary.html” leads to no page
      -> the pages are: index.html, 01-tiny-course.html, contents.html, write-a-lesson.html, limits.html, glossary.html, 404.html"
    `)
  })

  test('a link to an anchor that is not there', async () => {
    expect(await mistakeIn(withStep('See [above](#lok).'))).toMatchInlineSnapshot(`
      "01-tiny-course/lesson.mdx:19: the link “#lok” names no anchor of 01-tiny-course.html
      -> its anchors are: main, look, mend"
    `)
  })

  test('a heading with the anchor of a step', async () => {
    expect(await mistakeIn(withStep('### Mend'))).toMatchInlineSnapshot(`
      "01-tiny-course/lesson.mdx:19: two things have the anchor “#mend”
      -> give one of the two another title or id"
    `)
  })
})

test('a folder that holds no site is not emptied for one', async () => {
  const outDir = temporaryFolder({ 'thesis.txt': 'three years of work' })
  await expect(buildSite({ outDir })).rejects.toThrow('holds other files than a site: thesis.txt')
  expect(readdirSync(outDir)).toEqual(['thesis.txt'])
})

test('a course without a mistake takes the place of the site that was there', async () => {
  const outDir = temporaryFolder({ 'contents.html': '', 'old.html': 'the site of yesterday' })
  await buildSite({ lessons: temporaryFolder(tinyCourse()), outDir })
  expect(existsSync(join(outDir, 'old.html'))).toBe(false)
  expect(readdirSync(outDir)).toContain('01-tiny-course.html')
})
