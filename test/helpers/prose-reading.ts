/** Reads a lesson as a learner does: types its commands on the workspace of each step, and looks for what it shows. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { loadChecks, loadProse, namespaceOf, type Lesson } from '#sandbox/course/lesson.ts'
import type { Checks } from '#sandbox/course/check.ts'
import { prepareShell } from '#sandbox/course/shell-files.ts'
import { openStage, type ContainerLog, type Stage } from '#sandbox/course/stage.ts'
import { filesAfter, filesBefore } from '#sandbox/course/states.ts'
import { prepareWorkspace } from '#sandbox/course/workspace.ts'
import { until } from '#sandbox/until.ts'
import type { TestCluster } from './embedded-cluster.ts'
import { missingLines } from './expected-output.ts'
import { readScript, type, type Script, type Typed } from './learner-shell.ts'
import { scenesOf, type Quote, type Scene } from './prose-quotes.ts'

/** Something that the text says and that is not so. */
export interface ProseProblem {
  /** Of lesson.mdx. */
  line: number
  what: string
}

/** What stands before the reader: a shell in the workspace, and what runs in the lesson's namespace. */
interface Desk {
  stage: Stage
  cwd: string
  env: Record<string, string>
}

/**
 * Types every command of the lesson, step by step in its own namespace `lesson-N`, on the same pods as far as the files
 * leave them. Answers all that is not as the text says.
 */
export async function readAloud(lesson: Lesson, cluster: TestCluster): Promise<ProseProblem[]> {
  const [prose, checks] = await Promise.all([loadProse(lesson), loadChecks(lesson)])
  const stage = openStage(cluster, namespaceOf(lesson), new AbortController().signal)
  const home = join(cluster.state, lesson.name)
  await mkdir(home)
  const { env } = await prepareShell(lesson, 'sh', cluster.kubeconfig)
  const problems: ProseProblem[] = []
  try {
    for (const [index, scene] of scenesOf(prose).entries()) {
      const acts = actsOf(scene.quotes)
      if (acts.length === 0) continue
      const cwd = join(home, String(index))
      const refusal = await setScene(lesson, scene, checks, { stage, cwd })
      if (refusal) problems.push({ line: acts[0]!.line, what: refusal })
      const desk = { stage, cwd, env: { ...env, HOME: home } }
      if (!refusal) for (const act of acts) problems.push(...(await perform(act, desk)))
    }
  } finally {
    await stage.close()
  }
  return problems
}

/** Saves the files and lets the check judge them, as a lesson that is open does; answers what went wrong with that. */
async function setScene(
  lesson: Lesson,
  { step, isSolved }: Scene,
  checks: Checks,
  { stage, cwd }: { stage: Stage; cwd: string },
): Promise<string | undefined> {
  const files = isSolved ? await filesAfter(lesson, step) : await filesBefore(lesson, step)
  await prepareWorkspace(cwd, files)
  const [problem] = await stage.deploy(files)
  if (problem) return `the workspace is refused: ${problem.file}:${problem.line ?? 1}: ${problem.what}`
  const { id } = lesson.steps[step]!
  const outcome = await stage.judge(checks[id]!, ({ verdict }) => !isSolved || verdict !== 'not yet')
  if (outcome.verdict === 'broken') return `the check of step ${id} broke: ${outcome.because}`
  if (isSolved && outcome.verdict !== 'done') return `the solution of ${id} is not done: ${outcome.because}`
  return undefined
}

/** Commands, none for what is only shown, and the lines that have to come of them. */
interface Act {
  line: number
  script?: Script
  shows: Quote[]
}

function actsOf(quotes: readonly Quote[]): Act[] {
  const acts: Act[] = []
  for (const quote of quotes) {
    if (quote.kind === 'sh') {
      const script = readScript(quote.text)
      if (script.acts || script.reads) acts.push({ line: quote.line, script, shows: [] })
    } else if (quote.kind === 'text') {
      if (acts.length === 0) acts.push({ line: quote.line, shows: [] })
      acts.at(-1)!.shows.push(quote)
    }
  }
  return acts
}

/** What one look has shown. */
interface Look extends Typed {
  logs: ContainerLog[]
  missing: { line: number; lines: string[] }[]
}

async function perform(act: Act, desk: Desk): Promise<ProseProblem[]> {
  const { acts = '', reads = '' } = act.script ?? {}
  const acted = acts === '' ? NOTHING : await type(acts, { ...desk, timeoutMs: ACT_MS })
  if (acted.exitCode !== 0) return [{ line: act.line, what: explainFailure(acts, acted) }]
  let seen: Look
  const isAsShown = async () => {
    seen = await look(act, acted.output, desk)
    return seen.exitCode === 0 && seen.missing.length === 0
  }
  if (await until(isAsShown, { timeoutMs: LOOK_MS, intervalMs: 200 })) return []
  if (seen!.exitCode !== 0) return [{ line: act.line, what: explainFailure(reads, seen!) }]
  return seen!.missing.map(({ line, lines }) => ({ line, what: explainAbsence(lines, seen!) }))
}

/** Types what only reads, where there is such, and compares all that has come so far with what is shown. */
async function look(act: Act, before: string, desk: Desk): Promise<Look> {
  const { reads = '', follows = false } = act.script ?? {}
  const isEnough = async (output: string) => {
    return output !== '' && (await compare(act.shows, before + output, desk.stage)).missing.length === 0
  }
  const options = { ...desk, timeoutMs: LOOK_MS, ...(follows && { isEnough }) }
  const read = reads === '' ? NOTHING : await type(reads, options)
  const output = before + read.output
  const exitCode = follows ? 0 : read.exitCode
  return { output, exitCode, ...(await compare(act.shows, output, desk.stage)) }
}

/** A line that was not printed may stand in the log of a container. */
async function compare(
  shows: Quote[],
  output: string,
  stage: Stage,
): Promise<Pick<Look, 'logs' | 'missing'>> {
  const logs = shows.length === 0 ? [] : await stage.logs()
  const missing = shows.map(({ line, text }) => {
    const unprinted = missingLines(text.split('\n'), output.split('\n'))
    return {
      line,
      lines: missingLines(
        unprinted,
        logs.flatMap(({ lines }) => lines),
      ),
    }
  })
  return { logs, missing: missing.filter(({ lines }) => lines.length > 0) }
}

function explainFailure(commands: string, { exitCode, output }: Typed): string {
  const end = exitCode === null ? 'did not end in time' : `ended with exit code ${exitCode}`
  return [`the commands ${end}`, ...part('typed', commands), ...part('came', output)].join('\n')
}

function explainAbsence(lines: string[], { output, logs }: Look): string {
  const told = logs.flatMap((log) => part(`log of ${log.pod} -c ${log.container}`, log.lines.join('\n')))
  const [missing, came] = [part('missing', lines.join('\n')), part('came', output)]
  return ['not all that is shown has come', ...missing, ...came, ...told].join('\n')
}

function part(title: string, text: string): string[] {
  const lines = text.trimEnd().split('\n')
  const shown = lines.length > MOST_LINES ? ['…', ...lines.slice(-MOST_LINES)] : lines
  return [`  ${title}:`, ...shown.map((line) => `    │ ${line}`)]
}

const NOTHING: Typed = { output: '', exitCode: 0 }
/** Commands that act may sleep as long as a learner would wait. */
const ACT_MS = 60_000
const LOOK_MS = 20_000
const MOST_LINES = 12
