/** Plays a lesson through without a learner: deploys each step's solution in turn and judges it. */
import { WorkshopError } from '../errors.ts'
import type { Outcome } from './check.ts'
import type { LabCluster } from './lab.ts'
import { loadChecks, type Lesson } from './lesson.ts'
import type { FileProblem } from './manifests.ts'
import { openStage, type ContainerLog } from './stage.ts'
import { filesAfter } from './states.ts'

/** What was seen of one step. */
export interface StepPlayed {
  /** Index of the step whose solution was deployed. */
  step: number
  outcome: Outcome
  logs: ContainerLog[]
}

/** How to play. */
export interface PlayOptions {
  cluster: LabCluster
  lesson: Lesson
  /** Told after each step. */
  played(step: StepPlayed): void
  signal: AbortSignal
}

/** Plays in a namespace of its own, gone afterwards; true when every step was done, false at the first that was not. */
export async function play({ cluster, lesson, played, signal }: PlayOptions): Promise<boolean> {
  const checks = await loadChecks(lesson)
  const stage = openStage(cluster, `lesson-${lesson.number}-play-${process.pid}`, signal)
  try {
    for (const step of lesson.steps.keys()) {
      throwRefusal(await stage.deploy(await filesAfter(lesson, step)))
      const outcome = await stage.judge(checks[lesson.steps[step]!.id]!, isSettled)
      played({ step, outcome, logs: await stage.logs() })
      if (outcome.verdict !== 'done') return false
    }
    return true
  } finally {
    await stage.close()
  }
}

/** A pod that is only starting is no verdict yet. */
function isSettled({ verdict }: Outcome): boolean {
  return verdict !== 'not yet'
}

function throwRefusal(problems: FileProblem[]): void {
  if (problems.length === 0) return
  const told = problems.map(({ file, line, what }) => `${file}:${line ?? 1}: ${what}`)
  throw new WorkshopError(told.join('\n'), problems.map(({ instead }) => instead).join('\n'))
}
