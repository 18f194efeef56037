/** What the status below the lesson says: pure, from what is known to lines. */
import type { Outcome } from '#sandbox/course/check.ts'
import type { Deployment } from '#sandbox/course/deploy.ts'
import type { Lesson } from '#sandbox/course/lesson.ts'
import type { Pod } from '#sandbox/objects.ts'
import { outcomeLines } from '../terminal/outcome.ts'
import { printable, style } from '../terminal/print.ts'
import { cut, wrap } from '../terminal/wrap.ts'

/** All that the status shows. */
export interface View {
  lesson: Lesson
  step: number
  /** Ids of the steps that were seen done. */
  done: ReadonlySet<string>
  /** Of the current step; `undefined` until it has been judged. */
  outcome?: Outcome
  /** By id, the steps that were done and are so no more; shown are those before the current one. */
  broken: ReadonlyMap<string, Outcome>
  deployment?: Deployment
  pods: Pod[]
  /** What the session has trouble with. */
  trouble?: string
  /** A question that waits for y or n. */
  question?: string
}

/** Lines that fit `columns`. */
export function statusLines(view: View, columns: number): string[] {
  const room = Math.min(columns, 80) - 1
  return [
    style('dim', '─'.repeat(room)),
    cut(`${marks(view)} Step ${view.step + 1} of ${view.lesson.steps.length}`, room),
    ...judgement(view, room),
    ...brokenSteps(view, room),
    ...fileLines(view.deployment, room),
    ...view.pods.map((pod) => style('dim', cut(podLine(pod), room))),
    ...(view.trouble ? plain(view.trouble, room).map((line) => style('red', line)) : []),
    ...(view.question
      ? plain(`${view.question} (y/n)`, room).map((line) => style('bold', line))
      : keys(view, room)),
  ]
}

function judgement({ lesson, step, outcome }: View, room: number): string[] {
  const { title } = lesson.steps[step]!
  if (!outcome) return [cut(`… ${title}`, room)]
  return outcomeLines(outcome, title, room)
}

/** The first of them with what is wrong; the rest only by number, for one fault often breaks several. */
function brokenSteps({ lesson, broken, step }: View, room: number): string[] {
  const numbers = lesson.steps.slice(0, step).flatMap(({ id }, index) => (broken.has(id) ? [index + 1] : []))
  const [first, ...rest] = numbers
  if (first === undefined) return []
  const { id, title } = lesson.steps[first - 1]!
  const lines = outcomeLines(broken.get(id)!, `Step ${first}, ${title}, was done`, room)
  if (rest.length === 0) return lines
  return [...lines, cut(`  and so ${rest.length === 1 ? 'was step' : 'were steps'} ${rest.join(', ')}`, room)]
}

function marks({ lesson, step, done }: View): string {
  return lesson.steps.map(({ id }, index) => (done.has(id) ? '✓' : index === step ? '●' : '·')).join('')
}

function fileLines(deployment: Deployment | undefined, room: number): string[] {
  return (deployment?.problems ?? []).flatMap(({ file, line, column, what, instead }) => {
    const place = [file, line, column].filter((part) => part !== undefined).join(':')
    return [
      ...plain(`✗ ${place}: ${what}`, room).map((text) => style('red', text)),
      ...plain(`  → ${instead}`, room),
    ]
  })
}

/** As the READY and STATUS columns of kubectl say it. */
function podLine({ metadata, spec, status }: Pod): string {
  const containers = status.containerStatuses ?? []
  const waiting = containers.find(({ state }) => state?.waiting)?.state?.waiting?.reason
  const ready = containers.filter((container) => container.ready).length
  const restarts = containers.reduce((sum, { restartCount }) => sum + restartCount, 0)
  const phase = metadata.deletionTimestamp ? 'Terminating' : (waiting ?? status.phase ?? 'Pending')
  const tail = restarts > 0 ? `, ${restarts} restart${restarts === 1 ? '' : 's'}` : ''
  return printable(`pod ${metadata.name} ${ready}/${spec.containers.length} ${phase}${tail}`)
}

function keys({ lesson, step, outcome }: View, room: number): string[] {
  const isLast = step === lesson.steps.length - 1
  const next = outcome?.verdict === 'done' ? style('green', isLast ? 'n finish' : 'n next step') : 'n next'
  return wrap(`h hint · s solution · l logs · t text · r reset · ${next} · p back · q quit`, room)
}

function plain(text: string, room: number): string[] {
  return wrap(printable(text), room).map((line) => cut(line, room))
}
