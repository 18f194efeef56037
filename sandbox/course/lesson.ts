/** Finds lessons by reading lessons/, and loads what a lesson is made of. */
import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { WorkshopError, messageOf } from '../errors.ts'
import type { Checks } from './check.ts'
import { readFrontMatter, type FrontMatter } from './front-matter.ts'
import { Problems } from './problems.ts'
import { readProse, type Prose } from './prose.ts'

/** A lesson as the list of lessons shows it; prose and checks are loaded when they are needed. */
export interface Lesson extends FrontMatter {
  /** 1 for `01-log-collection`. */
  number: number
  /** The folder's name. */
  name: string
  /** Absolute path. */
  folder: string
}

/** The namespace in which a learner's pods of this lesson live. */
export function namespaceOf(lesson: Lesson): string {
  return `lesson-${lesson.number}`
}

/** Where the kit's own lessons are. */
export const LESSONS_FOLDER = fileURLToPath(new URL('../../lessons/', import.meta.url))

const LESSON_NAME = /^(\d\d)-[a-z0-9]+(-[a-z0-9]+)*$/

/** Every lesson under `root`, by number. Throws a WorkshopError that names file and line of what an author mistook. */
export async function listLessons(root = LESSONS_FOLDER): Promise<Lesson[]> {
  const names = (await readdir(root)).filter((name) => LESSON_NAME.test(name)).sort()
  return await Promise.all(names.map((name) => readLesson(root, name)))
}

/** The lesson of this number, as a learner types it; throws a WorkshopError that lists what there is. */
export async function findLesson(typed: string, root = LESSONS_FOLDER): Promise<Lesson> {
  const lessons = await listLessons(root)
  const lesson = lessons.find(
    (each) => String(each.number) === typed.replace(/^0+/, '') || each.name === typed,
  )
  if (lesson) return lesson
  const known = lessons.map((each) => `${each.number} ${each.title}`).join(', ')
  throw new WorkshopError(`there is no lesson “${typed}”`, `type a number: ${known}`)
}

/** The text of the lesson; throws a WorkshopError that names file and line of every mistake in it. */
export async function loadProse(lesson: Lesson): Promise<Prose> {
  const path = join(lesson.folder, 'lesson.mdx')
  const problems = new Problems(shortPath(path))
  const stepIds = lesson.steps.map((step) => step.id)
  const prose = await readProse(await readFile(path, 'utf8'), lesson.folder, stepIds, problems)
  problems.throwIfAny()
  return prose
}

/** The checks of the lesson, one for every step; throws a WorkshopError when check.ts and the steps differ. */
export async function loadChecks(lesson: Lesson): Promise<Checks> {
  const path = join(lesson.folder, 'check.ts')
  const problems = new Problems(shortPath(path))
  const checks = await importChecks(path, problems)
  const ids = lesson.steps.map((step) => step.id)
  for (const id of ids.filter((each) => typeof checks[each] !== 'function')) {
    problems.add(1, `no check for step “${id}”`, `write checks = { '${id}': async (lab) => … }`)
  }
  for (const id of Object.keys(checks).filter((each) => !ids.includes(each))) {
    problems.add(1, `a check for “${id}”, which is no step`, `the steps are: ${ids.join(', ')}`)
  }
  problems.throwIfAny()
  return checks
}

async function importChecks(path: string, problems: Problems): Promise<Checks> {
  try {
    const { checks } = (await import(pathToFileURL(path).href)) as { checks?: Checks }
    if (checks) return checks
    problems.add(1, 'no export named “checks”', 'write: export const checks = { … } satisfies Checks')
  } catch (error) {
    problems.add(1, messageOf(error), 'run it by hand to see more: node ' + shortPath(path))
  }
  problems.throwIfAny()
  return {}
}

async function readLesson(root: string, name: string): Promise<Lesson> {
  const folder = join(root, name)
  const path = join(folder, 'lesson.mdx')
  if (!existsSync(path)) {
    throw new WorkshopError(`${shortPath(folder)} holds no lesson.mdx`, 'write one, or remove the folder')
  }
  const problems = new Problems(shortPath(path))
  const frontMatter = await readFrontMatter(await readFile(path, 'utf8'), problems)
  problems.throwIfAny()
  return { ...frontMatter!, number: Number(name.slice(0, 2)), name, folder }
}

function shortPath(path: string): string {
  const fromHere = relative(process.cwd(), path)
  return fromHere.startsWith('..') ? path : fromHere
}
