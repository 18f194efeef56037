/** `npm run check N`: judges a lesson once, as it stands in the cluster. */
import { parseArgs } from 'node:util'
import type { Outcome } from '#sandbox/course/check.ts'
import { judge } from '#sandbox/course/judge.ts'
import { findLesson, loadChecks, namespaceOf, type Lesson } from '#sandbox/course/lesson.ts'
import { lessonNamespace } from '#sandbox/course/namespace.ts'
import { WorkshopError, messageOf } from '#sandbox/errors.ts'
import { CLUSTER_OPTIONS, CLUSTER_USAGE, findCluster, type ClusterOptions } from '../cluster-access.ts'
import { outcomeLines } from '../terminal/outcome.ts'
import { print, printError } from '../terminal/print.ts'

export const summary = 'judges a lesson once, as it stands in the cluster'
export const usage = `npm run check 1             every step of lesson 1, with the evidence
npm run -s check 1 -- --json    the same for machines
exit code: 0 all done, 1 not yet, 2 the check or the cluster broke
${CLUSTER_USAGE}`

/** What `--json` prints. New fields may come, these stay. */
export interface CheckReport {
  lesson: number
  name: string
  namespace: string
  /** `broken` if any step is, else `not yet` if any step is. */
  verdict: Outcome['verdict']
  steps: ({ id: string; title: string } & Outcome)[]
}

const EXIT_CODES = { done: 0, 'not yet': 1, broken: 2 } as const

/** 0 when every step is done, 1 when one is not yet, 2 when something broke. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...CLUSTER_OPTIONS, json: { type: 'boolean', default: false } },
  })
  const lesson = await findLesson(onlyArgument(positionals))
  const report = await judgeAll(lesson, values)
  if (values.json) print(JSON.stringify(report, undefined, 2))
  else show(report)
  return EXIT_CODES[report.verdict]
}

async function judgeAll(lesson: Lesson, options: ClusterOptions): Promise<CheckReport> {
  let namespace = namespaceOf(lesson)
  const steps: CheckReport['steps'] = []
  try {
    const [cluster, checks] = await Promise.all([findCluster(options), loadChecks(lesson)])
    namespace = lessonNamespace(lesson, cluster.connection)
    for (const { id, title } of lesson.steps) {
      steps.push({ id, title, ...(await judge(checks[id]!, { cluster, namespace })) })
    }
  } catch (error) {
    const hint = error instanceof WorkshopError ? error.hint : 'npm run cluster status'
    const broken = { verdict: 'broken', because: messageOf(error), hint } as const
    steps.push(...lesson.steps.map(({ id, title }) => ({ id, title, ...broken })))
  }
  const verdicts = new Set(steps.map(({ verdict }) => verdict))
  const verdict = (['broken', 'not yet', 'done'] as const).find((each) => verdicts.has(each))!
  return { lesson: lesson.number, name: lesson.name, namespace, verdict, steps }
}

function show({ steps, lesson }: CheckReport): void {
  const [first] = steps
  if (first?.verdict === 'broken' && steps.every((step) => step.verdict === 'broken')) {
    printError(first.because, first.hint)
    return
  }
  for (const { title, ...outcome } of steps) {
    for (const line of outcomeLines(outcome, title, process.stdout.columns)) print(line)
  }
  const left = steps.filter(({ verdict }) => verdict !== 'done').length
  print()
  print(left === 0 ? 'Every step is done.' : `${left} of ${steps.length} to go: npm run lesson ${lesson}`)
}

function onlyArgument(positionals: string[]): string {
  const [typed, ...rest] = positionals
  if (typed !== undefined && rest.length === 0) return typed
  throw new WorkshopError('check takes the number of one lesson', usage)
}
