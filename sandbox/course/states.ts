/** What a learner's folder holds at any point of a lesson: start, after each solution, and with each known answer. */
import { readFile, readdir } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { WorkshopError, messageOf } from '../errors.ts'
import type { Lesson } from './lesson.ts'

/** File name to text: a workspace is flat. */
export type Files = ReadonlyMap<string, string>

/** A plausible answer of a learner, wrong or right, and the verdict that it must earn. */
export interface Answer {
  step: string
  /** The folder's name. */
  name: string
  /** The whole workspace with this answer in it. */
  files: Files
  verdict: 'done' | 'not yet'
  /** A part of the hint that the verdict must carry. */
  hint?: string
  why: string
}

/** The workspace as the learner finds it when step number `step` (0 for the first) begins. */
export async function filesBefore(lesson: Lesson, step: number): Promise<Files> {
  const solved = lesson.steps.slice(0, step).map(({ id }) => join('solution', id))
  return await overlay(lesson, ['start', ...solved])
}

/** The workspace with the solutions of all steps up to and including number `step`. */
export async function filesAfter(lesson: Lesson, step: number): Promise<Files> {
  return await filesBefore(lesson, step + 1)
}

/** The files that the solution of one step writes: those that change in it. */
export async function solutionOf(lesson: Lesson, step: number): Promise<Files> {
  return await readFiles(join(lesson.folder, 'solution', lesson.steps[step]!.id))
}

/** The known answers to one step. Throws a WorkshopError that names the answer.yaml that can't be used. */
export async function readAnswers(lesson: Lesson, step: number): Promise<Answer[]> {
  const id = lesson.steps[step]!.id
  const folder = join(lesson.folder, 'answers', id)
  if (!existsSync(folder)) return []
  const names = (await readdir(folder)).sort()
  return await Promise.all(names.map((name) => readAnswer(lesson, step, name)))
}

async function readAnswer(lesson: Lesson, step: number, name: string): Promise<Answer> {
  const { id } = lesson.steps[step]!
  const path = join('answers', id, name)
  const head = await readAnswerHead(join(lesson.folder, path, 'answer.yaml'))
  const base = head.base === 'solution' ? await filesAfter(lesson, step) : await filesBefore(lesson, step)
  const files = new Map([...base, ...(await readFiles(join(lesson.folder, path)))])
  files.delete('answer.yaml')
  for (const edit of head.edits) files.set(edit.file, edited(files.get(edit.file), edit, path))
  return { step: id, name, files, verdict: head.verdict, hint: head.hint, why: head.why }
}

/** What an answer changes in one file that it leaves as it is otherwise. */
interface Edit {
  file: string
  /** Stands in the file exactly once. */
  find: string
  replace: string
}

function edited(text: string | undefined, { file, find, replace }: Edit, path: string): string {
  const parts = text?.split(find) ?? []
  if (parts.length === 2) return parts.join(replace)
  const what =
    text === undefined
      ? `there is no file ${file}`
      : `${file} holds ${parts.length - 1} times: ${JSON.stringify(find)}`
  throw new WorkshopError(
    `${path}/answer.yaml: ${what}`,
    'write a find that stands in that file exactly once',
  )
}

interface AnswerHead {
  verdict: 'done' | 'not yet'
  /** What its files are laid over: the workspace `before` the step (unless told) or its `solution`. */
  base?: 'before' | 'solution'
  /** Made after the answer's own files were laid over the workspace, in this order. */
  edits: Edit[]
  hint?: string
  why: string
}

async function readAnswerHead(path: string): Promise<AnswerHead> {
  const { parse } = await import('yaml')
  let raw: Partial<Record<string, unknown>> | null
  try {
    raw = parse(await readFile(path, 'utf8')) as Partial<Record<string, unknown>> | null
  } catch (error) {
    throw new WorkshopError(`${path}: ${messageOf(error)}`, ANSWER_SHAPE, { cause: error })
  }
  const { verdict, base = 'before', edits = [], hint, why, ...rest } = raw ?? {}
  const fits =
    (verdict === 'done' || verdict === 'not yet') &&
    (base === 'before' || base === 'solution') &&
    (hint === undefined || typeof hint === 'string') &&
    isEdits(edits) &&
    typeof why === 'string' &&
    Object.keys(rest).length === 0
  if (!fits) throw new WorkshopError(`${path}: ${JSON.stringify(raw)} is not an answer`, ANSWER_SHAPE)
  return { verdict, base, edits, hint, why }
}

function isEdits(value: unknown): value is Edit[] {
  return Array.isArray(value) && (value as Partial<Edit>[]).every(isEdit)
}

function isEdit(value: Partial<Edit>): boolean {
  const { file, find, replace, ...rest } = value ?? {}
  return [file, find, replace].every((text) => typeof text === 'string') && Object.keys(rest).length === 0
}

async function overlay(lesson: Lesson, folders: string[]): Promise<Files> {
  const layers = await Promise.all(folders.map((folder) => readFiles(join(lesson.folder, folder))))
  return new Map(layers.flatMap((layer) => [...layer]))
}

/** All files of a folder; none where it does not exist, since a step may be solved without changing a file. */
async function readFiles(folder: string): Promise<Files> {
  if (!existsSync(folder)) return new Map()
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
  const texts = await Promise.all(names.sort().map((name) => readFile(join(folder, name), 'utf8')))
  return new Map(names.map((name, index) => [name, texts[index]!]))
}

const ANSWER_SHAPE =
  'write verdict: done | not yet, base: before | solution, edits: [{ file, find, replace }], hint: part of the hint it must earn, why: one sentence'
