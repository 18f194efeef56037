/** A lesson in a terminal: connects the session, the keys and the screen. */
import type { Checks, Outcome } from '#sandbox/course/check.ts'
import type { Deployment } from '#sandbox/course/deploy.ts'
import type { Lesson } from '#sandbox/course/lesson.ts'
import { lessonNamespace } from '#sandbox/course/namespace.ts'
import type { LabCluster } from '#sandbox/course/lab.ts'
import type { Block, Prose } from '#sandbox/course/prose.ts'
import { Session } from '#sandbox/course/session.ts'
import { readLogs } from '#sandbox/course/stage.ts'
import { filesAfter, filesBefore, type Files } from '#sandbox/course/states.ts'
import { readWorkspace, replaceWorkspace } from '#sandbox/course/workspace.ts'
import { messageOf } from '#sandbox/errors.ts'
import { drawDiff } from '../terminal/diff.ts'
import { drawBlocks } from '../terminal/markdown.ts'
import { outcomeLines } from '../terminal/outcome.ts'
import { indent, printable, style } from '../terminal/print.ts'
import type { Screen } from '../terminal/screen.ts'
import { wrap } from '../terminal/wrap.ts'
import { StepClock } from './step-clock.ts'
import { statusLines, type View } from './status.ts'

/** All that a lesson in a terminal is made of. */
export interface LearnerOptions {
  lesson: Lesson
  prose: Prose
  checks: Checks
  cluster: LabCluster
  /** The learner's workspace, with files in it. */
  folder: string
  screen: Screen
}

/** One learner's time with one lesson. */
export class Learner {
  readonly #options: LearnerOptions
  readonly #session: Session
  readonly #clock: StepClock
  readonly #view: View
  readonly #left = Promise.withResolvers<void>()
  readonly #broken = new Map<string, Outcome>()
  #hintsShown = 0
  /** Told the answer to the question that is on the screen. */
  #answer: ((yes: boolean) => void) | undefined

  constructor(options: LearnerOptions) {
    const { lesson, checks, cluster, folder } = options
    this.#options = options
    this.#clock = new StepClock(lesson)
    this.#view = { lesson, step: this.#clock.step, done: this.#clock.done, broken: this.#broken, pods: [] }
    const events = {
      deployed: (deployment: Deployment) => this.#deployed(deployment),
      pods: (pods: View['pods']) => this.#update({ pods }),
      judged: (step: string, outcome: Outcome) => this.#judged(step, outcome),
      trouble: (trouble: string) => this.#update({ trouble }),
      polling: () => this.#say('File events do not arrive here, so a save is noticed within a second.'),
    }
    const [namespace, step] = [lessonNamespace(lesson, cluster.connection), this.#stepId]
    const earlier = () => this.#earlier()
    this.#session = new Session({ cluster, namespace, folder, checks, step, earlier, events })
  }

  /** Settles when the learner leaves. */
  async run(): Promise<void> {
    if (this.#view.step === 0) this.#text(this.#options.prose.introduction)
    this.#showStep()
    await Promise.race([this.#session.start(), this.#left.promise])
    await this.#left.promise
    this.#clock.leave()
    if (this.#session.isDeploying) this.#say('Leaving as soon as the pods are in place.')
    await this.#session.stop()
  }

  /** One key, as the screen tells it. */
  key(key: string): void {
    if (key === CTRL_C || key === CTRL_D) this.#left.resolve()
    else if (this.#answer) this.#answer(key === 'y')
    else KEYS[key]?.(this.#actions)
  }

  readonly #actions: Actions = {
    hint: () => this.#hint(),
    solution: () => this.#act(() => this.#solution()),
    logs: () => this.#act(() => this.#logs()),
    text: () => this.#showStep(),
    reset: () => this.#act(() => this.#reset()),
    next: () => this.#next(),
    back: () => this.#goTo(this.#view.step - 1),
    quit: () => this.#left.resolve(),
  }

  #hint(): void {
    const { hints } = this.#step
    const hint = hints[Math.min(this.#hintsShown, hints.length - 1)]!
    this.#hintsShown = Math.min(this.#hintsShown + 1, hints.length)
    const lines = wrap(`Hint ${this.#hintsShown} of ${hints.length}: ${hint}`, this.#columns)
    this.#options.screen.print(...lines.map((line) => style('magenta', line)))
  }

  async #solution(): Promise<void> {
    const { lesson, folder } = this.#options
    const solution = await filesAfter(lesson, this.#view.step)
    const { files } = await readWorkspace(folder)
    const diff = drawDiff(files, solution)
    if (diff.length === 0) return this.#say('Your files are the solution, word for word.')
    this.#options.screen.print(...diff)
    if (await this.#ask('Write this solution into your folder? Your files are kept beside it')) {
      await this.#replace(solution)
    }
  }

  async #reset(): Promise<void> {
    const { lesson } = this.#options
    const begin = await filesBefore(lesson, this.#view.step)
    if (await this.#ask('Begin this step again? Your files are kept beside the folder'))
      await this.#replace(begin)
  }

  async #replace(files: Files): Promise<void> {
    const aside = await replaceWorkspace(this.#options.folder, files, Date.now())
    this.#say(`Your files are kept in ${aside}`)
  }

  async #logs(): Promise<void> {
    const { cluster, lesson } = this.#options
    const logs = await readLogs(
      cluster,
      lessonNamespace(lesson, cluster.connection),
      AbortSignal.timeout(5_000),
    )
    if (logs.length === 0) this.#say('There is no pod, so there is no log.')
    for (const { pod, container, lines } of logs) {
      const shown = countRepeats(lines)
        .slice(-LOG_LINES)
        .map((line) => `  ${printable(line)}`)
      const title = style('bold', printable(`logs ${pod} -c ${container}`))
      this.#options.screen.print(title, ...(shown.length > 0 ? shown : ['  (empty)']))
    }
  }

  #next(): void {
    const { lesson, outcome, step } = this.#view
    if (step < lesson.steps.length - 1) return this.#goTo(step + 1)
    if (outcome?.verdict !== 'done') return this.#say('This is the last step, and it is not done yet.')
    this.#leaveTrace()
    this.#text(this.#options.prose.afterword)
    const left = lesson.steps.filter(({ id }) => !this.#view.done.has(id))
    const skipped = left.map(({ title }) => title).join(', ')
    this.#say(skipped ? `Not done yet: ${skipped}` : 'The lesson is done. q leaves it.')
  }

  #goTo(step: number): void {
    if (!this.#view.lesson.steps[step]) return
    // The old step's status would flicker between the lines of the new one.
    this.#options.screen.show([])
    this.#leaveTrace()
    this.#clock.goTo(step)
    this.#hintsShown = 0
    Object.assign(this.#view, { step, outcome: undefined })
    this.#showStep()
    this.#session.goTo(this.#stepId)
  }

  /** What was seen stays readable above the next step. */
  #leaveTrace(): void {
    const { outcome } = this.#view
    if (outcome?.verdict !== 'done') return
    this.#options.screen.print('', ...outcomeLines(outcome, this.#step.title, this.#columns))
  }

  #showStep(): void {
    const { lesson, step } = this.#view
    const { screen, prose } = this.#options
    const title = `Step ${step + 1} of ${lesson.steps.length}: ${this.#step.title}`
    screen.print('', style(['bold', 'green'], title))
    this.#text(prose.steps.get(this.#stepId)!)
    screen.print('', style('dim', `Your files: ${this.#options.folder}`))
    this.#redraw()
  }

  #judged(step: string, outcome: Outcome): void {
    const isDone = outcome.verdict === 'done'
    if (isDone) this.#clock.finish(step)
    if (isDone) this.#broken.delete(step)
    if (step === this.#stepId) return this.#update({ outcome, trouble: undefined })
    if (outcome.verdict === 'not yet') this.#clock.reopen(step)
    if (!isDone) this.#broken.set(step, outcome)
    this.#redraw()
  }

  /** The steps before the current one that were done: a later edit may break them. */
  #earlier(): string[] {
    const before = this.#options.lesson.steps.slice(0, this.#view.step).map(({ id }) => id)
    return before.filter((id) => this.#clock.wasDone.has(id))
  }

  #deployed(deployment: Deployment): void {
    for (const { action, kind, name } of deployment.changes) {
      if (kind !== 'ConfigMap')
        this.#options.screen.print(style('dim', printable(`${kind} ${name} ${action}`)))
    }
    // The verdict was about pods that are gone.
    const outcome = deployment.changes.length > 0 ? undefined : this.#view.outcome
    this.#update({ deployment, outcome, trouble: undefined })
  }

  #update(change: Partial<View>): void {
    Object.assign(this.#view, change)
    this.#redraw()
  }

  #redraw(): void {
    const { screen } = this.#options
    screen.show(statusLines(this.#view, screen.columns))
  }

  #text(blocks: readonly Block[]): void {
    this.#options.screen.print('', ...drawBlocks(blocks, this.#columns))
  }

  #say(text: string): void {
    this.#options.screen.print(...wrap(printable(text), this.#columns))
  }

  async #ask(question: string): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#answer = (yes) => {
      // At once: the next key may be in the same chunk of input.
      this.#answer = undefined
      resolve(yes)
    }
    this.#update({ question })
    const yes = await promise
    this.#update({ question: undefined })
    return yes
  }

  /** What fails is said, and the lesson goes on. */
  #act(work: () => Promise<void>): void {
    work().catch((error: unknown) => this.#say(indent(messageOf(error), '✗ ', '  ')))
  }

  get #step(): Lesson['steps'][number] {
    return this.#view.lesson.steps[this.#view.step]!
  }

  get #stepId(): string {
    return this.#step.id
  }

  get #columns(): number {
    return Math.min(this.#options.screen.columns, 80)
  }
}

type Actions = Record<'hint' | 'solution' | 'logs' | 'text' | 'reset' | 'next' | 'back' | 'quit', () => void>

const KEYS: Record<string, (actions: Actions) => void> = {
  h: (actions) => actions.hint(),
  s: (actions) => actions.solution(),
  l: (actions) => actions.logs(),
  t: (actions) => actions.text(),
  r: (actions) => actions.reset(),
  n: (actions) => actions.next(),
  p: (actions) => actions.back(),
  q: (actions) => actions.quit(),
}

const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
const LOG_LINES = 15

/** Each run of equal lines as one, with their number. */
function countRepeats(lines: readonly string[]): string[] {
  const runs: { line: string; times: number }[] = []
  for (const line of lines) {
    const last = runs.at(-1)
    if (last?.line === line) last.times += 1
    else runs.push({ line, times: 1 })
  }
  return runs.map(({ line, times }) => (times > 1 ? `${line} (${times} times)` : line))
}
