/** What the text of a lesson quotes, and the state of the workspace in which each quote has to hold. */
import type { Nodes } from 'mdast'
import type { Block, Prose } from '#sandbox/course/prose.ts'
import type { Files } from '#sandbox/course/states.ts'

/** A fence by its language, or code within a sentence. */
export interface Quote {
  /** `sh`, `text`, `yaml`, `ts`, `diagram`, whatever else an author wrote behind ```, or `inline`. */
  kind: string
  text: string
  /** Of lesson.mdx; of a fence the line of its ```. */
  line: number
}

/** A stretch of text that is read in one state of the workspace. */
export interface Scene {
  /** Index of the step. */
  step: number
  /** As the step begins, or with its solution. */
  isSolved: boolean
  quotes: Quote[]
}

/**
 * The introduction stands on the start, the afterword on the last solution. A step is read as it begins, and from its
 * first paragraph with **Do** on with its solution.
 */
export function scenesOf(prose: Prose): Scene[] {
  const texts = [...prose.steps.values()]
  const steps = texts.flatMap((blocks, step) => {
    const at = blocks.findIndex(isTask)
    const task = at === -1 ? blocks.length : at
    return [
      { step, isSolved: false, quotes: quotesIn(blocks.slice(0, task)) },
      { step, isSolved: true, quotes: quotesIn(blocks.slice(task)) },
    ]
  })
  return [
    { step: 0, isSolved: false, quotes: quotesIn(prose.introduction) },
    ...steps,
    { step: texts.length - 1, isSolved: true, quotes: quotesIn(prose.afterword) },
  ]
}

/** Whether the lines of an excerpt stand, one after another and apart from indentation, in one of the files. */
export function standsIn(files: Files, excerpt: string): boolean {
  const wanted = trimmedLines(excerpt).join('\n')
  return [...files.values()].some((text) => `\n${trimmedLines(text).join('\n')}\n`.includes(`\n${wanted}\n`))
}

/** Whether inline code that looks like a file of the workspace is one; `*` stands for any part of a name. */
export function isFileOf(files: Files, name: string): boolean {
  const pattern = new RegExp(`^${name.split('*').map(RegExp.escape).join('.*')}$`)
  return [...files.keys()].some((each) => pattern.test(each))
}

function isTask(block: Block): boolean {
  if (block.type !== 'paragraph') return false
  const [first] = block.children
  const [word] = first?.type === 'strong' ? first.children : []
  return word?.type === 'text' && /^Do\b/.test(word.value)
}

function quotesIn(blocks: readonly (Block | Nodes)[]): Quote[] {
  return blocks.flatMap((block) => {
    if (block.type === 'code' || block.type === 'inlineCode') {
      const kind = block.type === 'code' ? (block.lang ?? '') : 'inline'
      return [{ kind, text: block.value, line: block.position?.start.line ?? 1 }]
    }
    return 'children' in block ? quotesIn(block.children) : []
  })
}

function trimmedLines(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim())
}
