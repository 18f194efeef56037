/** The files of a step: what the learner finds, and what the solution makes of it. */
import { compareLines } from '#sandbox/course/compare-lines.ts'
import type { Lesson } from '#sandbox/course/lesson.ts'
import { isManifestFile } from '#sandbox/course/manifests.ts'
import { readPodPicture, type PodPicture } from '#sandbox/course/pod-picture.ts'
import { filesAfter, filesBefore, type Files } from '#sandbox/course/states.ts'

/** A file as the step begins. */
export interface StepFile {
  name: string
  text: string
  /** 1-based numbers of the lines that name this step as their TODO. */
  marked: ReadonlySet<number>
}

/** What the solution of a step changes in one file. */
export interface FileChange {
  name: string
  /** `undefined` for a new file. */
  before?: string
  after: string
  hunks: ChangedLine[][]
}

/** A line of a change: its number in the text before (`-`) or after (all others). */
export interface ChangedLine {
  mark: ' ' | '-' | '+'
  number: number
}

/** A manifest of the workspace, and the pod in it. */
export interface StepPod {
  manifest: string
  picture: PodPicture
}

/** The files of one step that matter to it. */
export interface StepFiles {
  /** All pods of the workspace as the step begins. */
  podsBefore: StepPod[]
  /** Those whose manifest the solution changes. */
  podsAfter: StepPod[]
  /** All files for the first step, later those that the solution changes. */
  begin: StepFile[]
  changes: FileChange[]
}

/** Unchanged lines that are shown on either side of a change. */
const CONTEXT = 3

/** For each step of the lesson. */
export async function readStepFiles(lesson: Lesson): Promise<StepFiles[]> {
  const states = await Promise.all([
    ...lesson.steps.map((_, step) => filesBefore(lesson, step)),
    filesAfter(lesson, lesson.steps.length - 1),
  ])
  const steps = lesson.steps.map(async ({ id }, step): Promise<StepFiles> => {
    const [before, after] = [states[step]!, states[step + 1]!]
    const changes = changesOf(before, after)
    const isShown = (name: string) => step === 0 || changes.some((change) => change.name === name)
    const begin = [...before].filter(([name]) => isShown(name))
    return {
      podsBefore: await podsOf([...before]),
      podsAfter: await podsOf(changes.map((change) => [change.name, change.after])),
      begin: begin.map(([name, text]) => toStepFile(id, name, text)),
      changes,
    }
  })
  return await Promise.all(steps)
}

async function podsOf(files: [name: string, text: string][]): Promise<StepPod[]> {
  const manifests = files.filter(([name]) => isManifestFile(name))
  const pods = await Promise.all(
    manifests.map(async ([manifest, text]) => {
      // Many a manifest holds no pod.
      const picture = await readPodPicture(manifest, text).catch(() => undefined)
      return picture && { manifest, picture }
    }),
  )
  return pods.filter((pod) => pod !== undefined)
}

function toStepFile(step: string, name: string, text: string): StepFile {
  const todo = new RegExp(`\\bTODO ${step}\\b`)
  const numbers = text.split('\n').flatMap((line, index) => (todo.test(line) ? [index + 1] : []))
  return { name, text, marked: new Set(numbers) }
}

function changesOf(before: Files, after: Files): FileChange[] {
  return [...after]
    .filter(([name, text]) => before.get(name) !== text)
    .map(([name, text]) => ({
      name,
      before: before.get(name),
      after: text,
      hunks: hunksOf(before.get(name) ?? '', text),
    }))
}

function hunksOf(before: string, after: string): ChangedLine[][] {
  const numbers = { before: 0, after: 0 }
  const lines = compareLines(before, after).map(({ mark }): ChangedLine => {
    if (mark !== '+') numbers.before++
    if (mark !== '-') numbers.after++
    return { mark, number: mark === '-' ? numbers.before : numbers.after }
  })
  const isNear = (index: number) =>
    lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ mark }) => mark !== ' ')
  const hunks: ChangedLine[][] = []
  for (const [index, line] of lines.entries()) {
    if (!isNear(index)) continue
    if (index === 0 || !isNear(index - 1)) hunks.push([])
    hunks.at(-1)!.push(line)
  }
  return hunks
}
