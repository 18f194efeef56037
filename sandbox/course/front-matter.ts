/** Reads the data on top of a lesson.mdx: what the lesson is called and which steps it has. */
import type { Node } from 'yaml'
import { messageOf } from '../errors.ts'
import type { Problems } from './problems.ts'

/** A step as its author declares it. */
export interface StepHead {
  /** kebab-case: names the check, the <Step>, and the folders under solution/ and answers/. */
  id: string
  title: string
  /** Where to look, what is wrong, what to write. */
  hints: [string, string, string]
}

/** The front matter of a lesson.mdx. */
export interface FrontMatter {
  title: string
  minutes: number
  /** One sentence for the list of lessons. */
  summary: string
  /** Nodes beside the first one that the lesson wants of a cluster that can have them; none unless told. */
  workers: number
  steps: StepHead[]
}

const KEYS = ['title', 'minutes', 'summary', 'workers', 'steps'] as const
const STEP_KEYS = ['id', 'title', 'hints'] as const
const KEBAB_CASE = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/

/** The front matter in `text`, the whole lesson.mdx. What is wrong with it goes to `problems`, with its line. */
export async function readFrontMatter(text: string, problems: Problems): Promise<FrontMatter | undefined> {
  const yaml = /^---\r?\n([\s\S]*?)\r?\n---\r?\n/.exec(text)?.[1]
  if (yaml === undefined) {
    problems.add(
      1,
      'no front matter',
      `begin the file with a block between two --- lines: ${KEYS.join(', ')}`,
    )
    return undefined
  }
  const { LineCounter, isNode, parseDocument } = await import('yaml')
  const lineCounter = new LineCounter()
  const document = parseDocument(yaml, { lineCounter })
  const lineOf = (node: Node | null | undefined) => lineCounter.linePos(node?.range?.[0] ?? 0).line + 1
  for (const error of document.errors) {
    const line = lineCounter.linePos(error.pos[0]).line + 1
    problems.add(line, withoutPlace(messageOf(error)), 'mend the YAML; quote a text that holds a colon')
  }
  if (document.errors.length > 0) return undefined
  const reader = new Reader(document.toJS() as unknown, problems, (path) => {
    const node = document.getIn(path, true)
    return isNode(node) ? lineOf(node) : 1
  })
  return reader.frontMatter()
}

/** Checks shapes; each method answers the value and reports where it does not fit. */
class Reader {
  readonly #root: unknown
  readonly #problems: Problems
  readonly #lineOf: (path: (string | number)[]) => number

  constructor(root: unknown, problems: Problems, lineOf: (path: (string | number)[]) => number) {
    this.#root = root
    this.#problems = problems
    this.#lineOf = lineOf
  }

  frontMatter(): FrontMatter {
    const root = this.#record(this.#root, [], KEYS)
    const steps = Array.isArray(root.steps) ? root.steps : []
    if (steps.length === 0) {
      this.#complain(['steps'], 'steps is not a list of steps', 'write “steps:” with one “- id: …” per step')
    }
    const heads = steps.map((step, index) => this.#step(step, index))
    for (const [index, { id }] of heads.entries()) {
      if (heads.findIndex((head) => head.id === id) === index) continue
      this.#complain(
        ['steps', index, 'id'],
        `two steps have the id “${id}”`,
        'give each step an id of its own',
      )
    }
    return {
      title: this.#text(root.title, ['title']),
      minutes: this.#count('minutes', root.minutes, 1),
      summary: this.#text(root.summary, ['summary']),
      workers: this.#count('workers', root.workers ?? 0, 0),
      steps: heads,
    }
  }

  #step(raw: unknown, index: number): StepHead {
    const path = ['steps', index]
    const step = this.#record(raw, path, STEP_KEYS)
    const id = this.#text(step.id, [...path, 'id'])
    if (id && !KEBAB_CASE.test(id)) {
      this.#complain([...path, 'id'], `the id “${id}” is not kebab-case`, 'write it as in “ship-the-log”')
    }
    const hints = Array.isArray(step.hints) ? step.hints : []
    if (hints.length !== 3) {
      const instead = 'write three: where to look, what is wrong, what to write'
      this.#complain([...path, 'hints'], `step “${id}” has ${hints.length} hints`, instead)
    }
    const texts = hints.map((hint, number) => this.#text(hint, [...path, 'hints', number]))
    return { id, title: this.#text(step.title, [...path, 'title']), hints: texts as StepHead['hints'] }
  }

  #record(value: unknown, path: (string | number)[], keys: readonly string[]): Record<string, unknown> {
    const record = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
    for (const key of Object.keys(record).filter((name) => !keys.includes(name))) {
      this.#complain([...path, key], `unknown key “${key}”`, `the keys here are: ${keys.join(', ')}`)
    }
    return record
  }

  #text(value: unknown, path: (string | number)[]): string {
    if (typeof value === 'string' && value.trim() !== '') return value.trim()
    const name = path.join('.')
    this.#complain(path, `${name} is not a text: ${JSON.stringify(value)}`, `write “${path.at(-1)}: …”`)
    return ''
  }

  #count(key: 'minutes' | 'workers', value: unknown, least: number): number {
    if (Number.isInteger(value) && Number(value) >= least) return Number(value)
    const instead = `write a whole number, as in “${key}: ${key === 'minutes' ? 30 : 2}”`
    this.#complain([key], `${key} is ${JSON.stringify(value)}`, instead)
    return 0
  }

  #complain(path: (string | number)[], what: string, instead: string): void {
    this.#problems.add(this.#lineOf(path), what, instead)
  }
}

/** The parser counts from the first line of the block; ours counts from the top of the file. */
function withoutPlace(message: string): string {
  return message.split('\n', 1)[0]!.replace(/ at line \d+, column \d+:?$/, '')
}
