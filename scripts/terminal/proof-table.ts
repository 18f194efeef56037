/** The table that a proof of lessons fills: one row for each step, told when its last verdict has come. */
import type { Lesson } from '#sandbox/course/lesson.ts'
import type { Case, Judged } from '#sandbox/course/prove.ts'
import { outcomeLines } from './outcome.ts'
import { indent, print, printable, style } from './print.ts'
import { cut, pad, wrap } from './wrap.ts'

/** A case that is proven, one of its repeats. */
export interface Proof {
  lesson: Lesson
  each: Case
  /** From 1. */
  repeat: number
}

/** One check, and what came of it in all cases where it had to judge. */
interface Row {
  lesson: Lesson
  step: string
  /** Verdicts that have not come yet. */
  pending: number
  found: FalseVerdict[]
  seconds: number
}

interface FalseVerdict extends Judged, Proof {}

/** Prints rows in the order of lessons and steps, each as soon as it is complete, with its false verdicts below it. */
export class ProofTable {
  readonly #proofs: readonly Proof[]
  readonly #repeats: number
  readonly #rows: Row[]
  readonly #verdicts: number
  readonly #started = performance.now()
  #printed = 0

  /** `proofs` are all that will be added. */
  constructor(proofs: readonly Proof[], repeats: number) {
    this.#proofs = proofs
    this.#repeats = repeats
    this.#rows = rowsOf(proofs)
    this.#verdicts = sum(this.#rows, ({ pending }) => pending)
  }

  add(proof: Proof, judged: readonly Judged[]): void {
    for (const one of judged) {
      const row = this.#rows.find(
        ({ lesson, step }) => lesson === proof.lesson && step === one.expected.step,
      )!
      row.pending -= 1
      row.seconds += one.seconds
      if (one.isFalse) row.found.push({ ...one, ...proof })
    }
    this.#showProgress()
    for (let row = this.#rows[this.#printed]; row?.pending === 0; row = this.#rows[this.#printed]) {
      if (this.#printed === 0) print(`\n${style('dim', columns(HEAD))}`)
      if (row.lesson !== this.#rows[this.#printed - 1]?.lesson) print(style('bold', titleOf(row.lesson)))
      this.#print(row)
      this.#printed += 1
    }
  }

  /** Prints the closing line; true when no verdict was false. */
  conclude(): boolean {
    const found = sum(this.#rows, (row) => row.found.length)
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(0)
    const result = found === 0 ? style('green', 'none of them false') : style('red', `${found} of them false`)
    print(`\n${this.#verdicts.toLocaleString('en')} verdicts in ${seconds} s, ${result}.`)
    return found === 0
  }

  #print({ lesson, step, found, seconds }: Row): void {
    const countOf = (verdict: string) =>
      this.#proofs
        .filter(({ each, repeat, lesson: own }) => own === lesson && repeat === 1 && each.kind === 'answer')
        .filter(({ each: { expected } }) => expected[0]!.step === step && expected[0]!.verdict === verdict)
        .length
    const isFalse = (kind: Case['kind']) => found.some(({ each }) => each.kind === kind)
    const answers = `${countOf('done')} right, ${countOf('not yet')} wrong`
    const [start, solution] = [isFalse('start') ? '✗' : 'fails', isFalse('solution') ? '✗' : 'passes']
    const numbers = [String(this.#repeats), String(found.length), seconds.toFixed(1)]
    print(columns([`  ${step}`, start, solution, `${isFalse('answer') ? '✗ ' : ''}${answers}`, ...numbers]))
    for (const same of this.#grouped(found)) this.#explain(same)
  }

  /** Together what is false in the same way in several repeats, in the order of the cases. */
  #grouped(found: readonly FalseVerdict[]): FalseVerdict[][] {
    const order = (one: FalseVerdict) => this.#proofs.findIndex((proof) => proof.each === one.each)
    const sorted = [...found].sort((a, b) => order(a) - order(b) || a.repeat - b.repeat)
    const groups = Map.groupBy(sorted, (one) => `${one.each.name}: ${reasonOf(one)}`)
    return [...groups.values()]
  }

  #explain(same: readonly FalseVerdict[]): void {
    const { each, expected, outcome } = same[0]!
    const repeats = this.#repeats === 1 ? '' : `, repeat ${same.map(({ repeat }) => repeat).join(', ')}`
    const hint = expected.hint === undefined ? '' : ` with the hint “${expected.hint}”`
    const room = COLUMNS - 4
    const lines = [
      ...wrap(printable(`expected ${expected.verdict}${hint}`), room),
      ...outcomeLines(outcome, expected.step, room),
    ]
    print(indent(wrap(`${style('red', '✗')} ${each.name}${repeats}`, room).join('\n'), '  ', '    '))
    print(indent(lines.join('\n'), '    '))
  }

  /** Leaves the line of the progress to whoever prints next. */
  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001B[K')
  }

  /** Where somebody watches, on a line of its own that the next one overwrites. */
  #showProgress(): void {
    this.clear()
    if (!process.stderr.isTTY || this.#rows[this.#printed]?.pending === 0) return
    const left = sum(this.#rows, ({ pending }) => pending)
    process.stderr.write(`  … ${this.#verdicts - left} of ${this.#verdicts} verdicts`)
  }
}

function rowsOf(proofs: readonly Proof[]): Row[] {
  const lessons = new Set(proofs.map(({ lesson }) => lesson))
  return [...lessons].flatMap((lesson) => {
    const expected = proofs.filter((proof) => proof.lesson === lesson).flatMap(({ each }) => each.expected)
    return lesson.steps.map(({ id }) => {
      const pending = expected.filter(({ step }) => step === id).length
      return { lesson, step: id, pending, found: [], seconds: 0 }
    })
  })
}

function reasonOf({ outcome }: Judged): string {
  return outcome.verdict === 'done' ? '' : outcome.because
}

function titleOf({ number, title }: Lesson): string {
  return cut(`${number} ${title}`, COLUMNS)
}

/** Words stand to the left of their column, numbers to the right. */
function columns(cells: readonly string[]): string {
  return cells
    .map((cell, index) => (index < 4 ? pad(cell, WIDTHS[index]!) : cell.padStart(WIDTHS[index]!)))
    .join('')
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}

const COLUMNS = 80
const HEAD = ['', 'start', 'solution', 'answers', 'repeats', 'false', 'seconds']
const WIDTHS = [20, 7, 10, 19, 8, 7, 9]
