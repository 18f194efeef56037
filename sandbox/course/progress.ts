/** What a learner has done so far, in one readable file that is never half written and never lost in silence. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { WorkshopError, messageOf } from '../errors.ts'
import { stateFolder } from '../paths.ts'

/** One step: when it was first seen done, since when a later edit keeps it from that (both RFC 3339), and the time at it. */
export interface StepProgress {
  doneAt?: string
  brokenSince?: string
  seconds: number
}

/** One lesson: the step where the learner is, and all steps that were touched, by id. */
export interface LessonProgress {
  current?: string
  steps: Record<string, StepProgress>
}

/** The whole file, lessons by folder name. */
export interface ProgressFile {
  version: 1
  /** The lesson that was worked on last. */
  latest?: string
  lessons: Record<string, LessonProgress>
}

/** Whether the step was done, and has not been broken since. */
export function isDone(step: StepProgress | undefined): boolean {
  return step?.doneAt !== undefined && step.brokenSince === undefined
}

/** Where progress is kept. */
export function progressPath(): string {
  return join(stateFolder(), 'progress.json')
}

/**
 * Reads the progress; nothing done yet where there is no file. One that can't be read is moved aside and
 * `setAside` says where to, so that the learner can be told.
 */
export function readProgress(nowMs: number): { progress: ProgressFile; setAside?: string } {
  const path = progressPath()
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { progress: nothingDone() }
    throw unusable(path, error)
  }
  const progress = parse(text)
  if (progress) return { progress }
  const setAside = `${path}.${new Date(nowMs).toISOString().slice(0, 19).replaceAll(':', '-')}`
  renameSync(path, setAside)
  return { progress: nothingDone(), setAside }
}

/** Changes one lesson's progress on disk; what other lessons wrote meanwhile is kept. */
export function updateProgress(
  lesson: string,
  nowMs: number,
  change: (progress: LessonProgress) => void,
): LessonProgress {
  const { progress } = readProgress(nowMs)
  const own = (progress.lessons[lesson] ??= { steps: {} })
  progress.latest = lesson
  change(own)
  const path = progressPath()
  const draft = `${path}.${process.pid}`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(draft, `${JSON.stringify(progress, undefined, 2)}\n`)
    renameSync(draft, path)
  } catch (error) {
    throw unusable(path, error)
  }
  return own
}

function parse(text: string): ProgressFile | undefined {
  try {
    const value = JSON.parse(text) as Partial<ProgressFile> | null
    const lessons = value?.version === 1 && typeof value.lessons === 'object' ? value.lessons : undefined
    if (!lessons || !Object.values(lessons).every(isLessonProgress)) return undefined
    return { version: 1, latest: value?.latest, lessons }
  } catch {
    return undefined
  }
}

function isLessonProgress(value: Partial<LessonProgress> | null): boolean {
  return (
    typeof value?.steps === 'object' &&
    Object.values(value.steps).every((step) => Number.isFinite(step?.seconds))
  )
}

function nothingDone(): ProgressFile {
  return { version: 1, lessons: {} }
}

function unusable(path: string, error: unknown): WorkshopError {
  const hint = `make ${dirname(path)} yours, or choose another place: XDG_STATE_HOME=… npm run lesson`
  return new WorkshopError(`can't use ${path}: ${messageOf(error)}`, hint, { cause: error })
}
