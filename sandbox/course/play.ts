/** Plays a lesson through without a learner: deploys each step's solution in turn and judges it. */
import { WorkshopError } from '../errors.ts'
import type { Outcome } from './check.ts'
import type { LabCluster } from './lab.ts'
import { loadChecks, type Lesson } from './lesson.ts'
import type { FileProblem } from './manifests.ts'
import { openStage, type ContainerLog, type Stage } from './stage.ts'
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
  /** Index of the step to begin with; 0 unless told. */
  from?: number
  /** Told after each step. */
  played(step: StepPlayed): void
  signal: AbortSignal
}

/**
 * Plays each step in a namespace of its own, gone afterwards, the next one's pods starting meanwhile; true when every
 * step was done, false at the first that was not. A guest has one namespace only, where a step follows the other.
 */
export async function play({ cluster, lesson, from = 0, played, signal }: PlayOptions): Promise<boolean> {
  const checks = await loadChecks(lesson)
  const { isGuest, namespace } = cluster.connection
  const stages: Stage[] = []
  async function prepare(step: number): Promise<Stage | undefined> {
    if (step === lesson.steps.length) return undefined
    const own = `lesson-${lesson.number}-play-${process.pid}-${step + 1}`
    const stage = openStage(cluster, isGuest ? namespace : own, signal)
    stages.push(stage)
    throwRefusal(await stage.deploy(await filesAfter(lesson, step)))
    return stage
  }
  try {
    let stage = await prepare(from)
    for (let step = from; stage; step++) {
      const next = isGuest ? undefined : prepare(step + 1)
      // Its failure is told when it is that step's turn.
      next?.catch(() => {})
      const outcome = await stage.judge(checks[lesson.steps[step]!.id]!, isSettled)
      played({ step, outcome, logs: await stage.logs() })
      if (outcome.verdict !== 'done') return false
      stage = await (next ?? prepare(step + 1))
    }
    return true
  } finally {
    await Promise.all(stages.map((stage) => stage.close()))
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
