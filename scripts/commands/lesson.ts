/** `npm run lesson`: lists lessons; in a terminal takes a learner through one, elsewhere plays it through. */
import { basename, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { clearNamespace, lessonNamespace } from '#sandbox/course/namespace.ts'
import { findLesson, listLessons, loadChecks, loadProse, type Lesson } from '#sandbox/course/lesson.ts'
import { play, type StepPlayed } from '#sandbox/course/play.ts'
import { createLesson } from '#sandbox/course/new-lesson.ts'
import { isDone, readProgress, updateProgress } from '#sandbox/course/progress.ts'
import { refreshShell } from '#sandbox/course/shell-files.ts'
import { filesBefore } from '#sandbox/course/states.ts'
import { beginAgain, prepareWorkspace, workspaceFolder } from '#sandbox/course/workspace.ts'
import { WorkshopError } from '#sandbox/errors.ts'
import { CLUSTER_OPTIONS, CLUSTER_USAGE, startCluster, type ClusterOptions } from '../cluster-access.ts'
import { Learner } from '../learn/learner.ts'
import { lockLesson } from '../lesson-lock.ts'
import { parseStep } from '../step-argument.ts'
import { outcomeLines } from '../terminal/outcome.ts'
import { indent, print, printable, style } from '../terminal/print.ts'
import { Screen } from '../terminal/screen.ts'
import { cut, wrap } from '../terminal/wrap.ts'

export const summary = 'lists the lessons, or takes you through one'
export const usage = `npm run lesson        the lessons, and how far you are
npm run lesson 1      lesson 1; without a terminal it plays itself and exits 0 when every step is done
npm run lesson 1 -- --step 3      from step 3 on; your own files are kept aside
npm run lesson new "Rate limiting"      a folder under lessons/ with a lesson to write
${CLUSTER_USAGE}`

/** 0 when the lesson was listed, left or played to its end; 1 when a played step is not done; 130 after Ctrl-C. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...CLUSTER_OPTIONS, step: { type: 'string' } },
  })
  const [typed, ...rest] = positionals
  if (typed === 'new') return await makeLesson(rest.join(' '))
  if (rest.length > 0) throw new WorkshopError('lesson takes the number of one lesson', usage)
  if (typed === undefined) return await list()
  const lesson = await findLesson(typed)
  const step = values.step === undefined ? undefined : parseStep(lesson, values.step)
  const interrupted = new AbortController()
  const interrupt = () => interrupted.abort()
  const options = { ...values, signal: interrupted.signal }
  for (const name of SIGNALS) process.once(name, interrupt)
  try {
    const isTerminal = process.stdin.isTTY && process.stdout.isTTY
    return isTerminal ? await learn(lesson, step, options) : await perform(lesson, step, options)
  } catch (error) {
    if (!interrupted.signal.aborted) throw error
    print('Stopped.')
    return 130
  } finally {
    for (const name of SIGNALS) process.off(name, interrupt)
  }
}

interface StartOptions extends ClusterOptions {
  signal: AbortSignal
}

async function list(): Promise<number> {
  const { lessons } = currentProgress()
  for (const { number, name, title, minutes, summary: about, steps } of await listLessons()) {
    const done = steps.filter(({ id }) => isDone(lessons[name]?.steps[id])).length
    const state = done === steps.length ? style('green', 'done') : `${done} of ${steps.length} steps`
    print(
      `${String(number).padStart(3)}  ${style('bold', title)}  ${style('dim', `${minutes} min`)}, ${state}`,
    )
    print(indent(wrap(about, 74).join('\n'), '     '))
  }
  print('\nBegin or go on: npm run lesson 1')
  return 0
}

/** `step` is where to jump to, if anywhere. */
async function learn(lesson: Lesson, step: number | undefined, options: StartOptions): Promise<number> {
  const lock = lockLesson(lesson, 'go on there, or end it')
  try {
    // Before anything is started: a mistake in the lesson is its author's, and said at once.
    const [prose, checks] = await Promise.all([loadProse(lesson), loadChecks(lesson)])
    currentProgress()
    const folder = workspaceFolder(lesson)
    if (step === undefined) await prepareWorkspace(folder, await filesBefore(lesson, 0))
    else await jumpTo(lesson, step)
    const cluster = await startCluster({ ...options, lesson })
    if (step !== undefined) await clearNamespace(cluster.client, lessonNamespace(lesson, cluster.connection))
    await refreshShell(lesson, cluster.kubeconfig)
    await inTerminal((screen) => new Learner({ lesson, prose, checks, cluster, folder, screen }))
    print(`
Your files are in ${folder}. Come back with: npm run lesson ${lesson.number}
${CLUSTER_RUNS_ON}`)
    return 0
  } finally {
    lock.release()
  }
}

/** The workspace becomes what the step begins with; what the learner wrote is kept aside. */
async function jumpTo(lesson: Lesson, step: number): Promise<void> {
  const aside = await beginAgain(workspaceFolder(lesson), await filesBefore(lesson, step), Date.now())
  if (aside) print(`Your files are kept in ${aside}`)
  updateProgress(lesson.name, Date.now(), (progress) => (progress.current = lesson.steps[step]!.id))
}

/** Gives the learner the terminal until they leave it, or the terminal or the system sends us away. */
async function inTerminal(createLearner: (screen: Screen) => Learner): Promise<void> {
  const { stdin: input, stdout: output } = process
  const screen = new Screen({ input, output, key: (key) => learner.key(key) })
  const learner = createLearner(screen)
  const leave = () => learner.key('\u0003')
  for (const name of SIGNALS) process.once(name, leave)
  screen.open()
  try {
    await learner.run()
  } finally {
    screen.close()
    for (const name of SIGNALS) process.off(name, leave)
  }
}

async function perform(lesson: Lesson, step = 0, options: StartOptions): Promise<number> {
  print(`Lesson ${lesson.number}: ${lesson.title}. There is no terminal here, so it plays itself.`)
  const cluster = await startCluster({ ...options, lesson })
  const allDone = await play({
    cluster,
    lesson,
    from: step,
    signal: options.signal,
    played: (each) => showPlayed(lesson, each),
  })
  const count = lesson.steps.length - step
  print(
    `\n${allDone ? `${step === 0 ? 'All' : 'The last'} ${count} steps are done.` : 'Not every step is done.'}`,
  )
  print(CLUSTER_RUNS_ON)
  return allDone ? 0 : 1
}

function showPlayed(lesson: Lesson, { step, outcome, logs }: StepPlayed): void {
  print(`\n${style('bold', `Step ${step + 1} of ${lesson.steps.length}: ${lesson.steps[step]!.title}`)}`)
  for (const { pod, container, lines } of logs) {
    print(style('dim', printable(`  logs ${pod} -c ${container}`)))
    for (const line of lines.slice(-PLAYED_LOG_LINES)) print(`    ${cut(printable(line), 76)}`)
  }
  for (const line of outcomeLines(outcome, lesson.steps[step]!.title)) print(line)
}

async function makeLesson(title: string): Promise<number> {
  const folder = await createLesson(title)
  print(`Your lesson is in ${relative(process.cwd(), folder)}. It can be played as it stands.
lessons/README.md says how to write one, and this proves it: npm run lessons ${basename(folder)}`)
  return 0
}

function currentProgress() {
  const { progress, setAside } = readProgress(Date.now())
  if (setAside) print(`Your progress could not be read. It is kept in ${setAside}, and counting begins anew.`)
  return progress
}

const CLUSTER_RUNS_ON = 'The cluster runs on in the background until: npm run cluster down'
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const PLAYED_LOG_LINES = 4
