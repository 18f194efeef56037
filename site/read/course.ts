/** Reads all that the site tells: lessons with their texts and files, and the READMEs that it quotes. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { listLessons, loadProse, type Lesson } from '#sandbox/course/lesson.ts'
import type { FileBlock, PodBlock } from '#sandbox/course/prose.ts'
import { compileMarkdown, compileMdx, type Text } from './markdown.ts'
import { readStepFiles, type StepFiles } from './step-files.ts'
import { sectionOf } from './section.ts'

/** What every page is made from. */
export interface Course {
  lessons: LessonText[]
  readmes: Readmes
}

/** One lesson, ready to be shown. */
export interface LessonText {
  lesson: Lesson
  /** Name of its page, `01-log-collection.html`. */
  page: string
  text: Text
  /** What its <Pod> and <File> components show, in the order of the text. */
  pods: PodBlock[]
  files: FileBlock[]
  /** One for each step, in order. */
  stepFiles: StepFiles[]
}

/** Parts of the repository's READMEs: said there once, and quoted here. */
export interface Readmes {
  /** What a learner sees in the terminal. */
  screen: Text
  begin: Text
  commands: Text
  truth: Text
  differences: Text
  served: Text
  glossary: Text
  writing: Text
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Reads the lessons under `root`; throws a WorkshopError that names file and line of an author's mistake. */
export async function readCourse(root: string): Promise<Course> {
  const lessons = await listLessons(root)
  const texts: LessonText[] = []
  // One after another: a hundred lessons at once would only hold each other's memory.
  for (const lesson of lessons) texts.push(await readLesson(lesson))
  return { lessons: texts, readmes: await readReadmes() }
}

async function readLesson(lesson: Lesson): Promise<LessonText> {
  const prose = await loadProse(lesson)
  const blocks = [...prose.introduction, ...[...prose.steps.values()].flat(), ...prose.afterword]
  return {
    lesson,
    page: `${lesson.name}.html`,
    text: await compileMdx(await readFile(join(lesson.folder, 'lesson.mdx'), 'utf8')),
    pods: blocks.filter((block) => block.type === 'pod'),
    files: blocks.filter((block) => block.type === 'file'),
    stepFiles: await readStepFiles(lesson),
  }
}

async function readReadmes(): Promise<Readmes> {
  const [top, sandbox, lessons] = await Promise.all(
    ['README.md', 'sandbox/README.md', 'lessons/README.md'].map((name) => readFile(join(ROOT, name), 'utf8')),
  )
  return {
    screen: await compileMarkdown(sectionOf(top!, '# Sidecar Workshop').replace(/^[^`]*/, '')),
    begin: await compileSection(top!, '## Begin'),
    commands: await compileSection(top!, '## Commands'),
    truth: await compileSection(top!, '## What is true today, and what is not'),
    differences: await compileSection(sandbox!, '### Where it differs from a cluster'),
    served: await compileSection(sandbox!, '### What the embedded cluster serves'),
    glossary: await compileSection(sandbox!, '## Glossary'),
    writing: await compileMarkdown(lessons!.replace(/^# .*\n/, '')),
  }
}

async function compileSection(readme: string, heading: string): Promise<Text> {
  return await compileMarkdown(sectionOf(readme, heading))
}
