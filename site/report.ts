/** Tells an author, with file and line, which links lead nowhere. */
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Problems } from '#sandbox/course/problems.ts'
import { WorkshopError } from '#sandbox/errors.ts'
import type { DeadLink } from './links.ts'
import type { Course } from './read/course.ts'

/** Throws a WorkshopError that names them all; returns where there is none. */
export function reportDeadLinks(dead: readonly DeadLink[], { lessons }: Course): void {
  for (const { page, lesson } of lessons) {
    const file = join(lesson.folder, 'lesson.mdx')
    const lines = readFileSync(file, 'utf8').split('\n')
    const problems = new Problems(relative(process.cwd(), file))
    for (const { href, what, instead } of dead.filter((link) => link.page === page)) {
      const at = lines.findIndex((line) => line.includes(href) || anchorOf(line) === href)
      problems.add(at + 1 || 1, what, instead)
    }
    problems.throwIfAny()
  }
  const [first] = dead
  if (first) throw new WorkshopError(`${first.page}: ${first.what}`, first.instead)
}

/** The anchor that a heading of Markdown gets; nothing for any other line. */
function anchorOf(line: string): string | undefined {
  const title = /^#+ (.+)/.exec(line)?.[1]
  return (
    title &&
    `#${title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s-]/gu, '')
      .replaceAll(' ', '-')}`
  )
}
