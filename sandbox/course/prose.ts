/** Reads the text of a lesson.mdx: introduction, one part per step, afterword; knows what an author may write. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Nodes, PhrasingContent, RootContent } from 'mdast'
import { messageOf } from '../errors.ts'
import { readPodPicture, type PodPicture } from './pod-picture.ts'
import type { Problems } from './problems.ts'

/** `<Pod manifest="…"/>`: a picture of the pod that a manifest describes. */
export interface PodBlock {
  type: 'pod'
  /** Relative to the lesson's folder; it exists. */
  manifest: string
  picture: PodPicture
}

/** `<File path="…" lines="3-12"/>`: an excerpt of a real file. */
export interface FileBlock {
  type: 'file'
  path: string
  /** The lines of the excerpt, without line ends. */
  lines: string[]
  /** 1-based number of the first of them. */
  firstLine: number
}

/** One block of text: Markdown, or one of the lesson's own components. */
export type Block = RootContent | PodBlock | FileBlock

/** What a paragraph, a heading or a table cell is made of. */
export type Inline = PhrasingContent

export type { ListItem, Table } from 'mdast'

/** The text of a lesson. */
export interface Prose {
  introduction: Block[]
  /** Step id to its text. */
  steps: Map<string, Block[]>
  afterword: Block[]
}

/** A JSX element as remark-mdx gives it. */
interface Element {
  name: string | null
  attributes: { type: string; name?: string; value?: unknown }[]
  children: RootContent[]
}

/**
 * Parses the whole lesson.mdx. `folder` is the lesson's, for the files that the text shows; `stepIds` are those of the
 * front matter. What is wrong goes to `problems`; then the answer is not to be used.
 */
export async function readProse(
  text: string,
  folder: string,
  stepIds: readonly string[],
  problems: Problems,
): Promise<Prose> {
  const prose: Prose = { introduction: [], steps: new Map(), afterword: [] }
  const reader = new BlockReader(folder, problems)
  const nodes = await parse(text, problems)
  if (!nodes) return prose
  for (const node of nodes) {
    const element = asElement(node)
    if (element?.name !== 'Step') {
      ;(prose.steps.size === 0 ? prose.introduction : prose.afterword).push(...(await reader.blocks([node])))
      continue
    }
    if (prose.afterword.length > 0) {
      problems.add(
        lineOf(node),
        'text stands between two steps',
        'move it into the <Step> before or after it',
      )
      prose.afterword = []
    }
    const { id = '' } = reader.attributes(node, element, ['id'])
    const expected = stepIds[prose.steps.size]
    if (id !== expected) {
      const instead = expected
        ? `write <Step id="${expected}">`
        : 'declare it in the front matter, or remove it'
      problems.add(lineOf(node), `<Step id="${id}"> does not follow the front matter`, instead)
    }
    prose.steps.set(id, await reader.blocks(element.children))
  }
  for (const id of stepIds.filter((each) => !prose.steps.has(each))) {
    problems.add(1, `step “${id}” has no text`, `write <Step id="${id}">…</Step>`)
  }
  return prose
}

async function parse(text: string, problems: Problems): Promise<RootContent[] | undefined> {
  // Loaded on first use: 150 ms that only a reader of prose pays.
  const [{ unified }, markdown, frontMatter, tables, mdx] = await Promise.all([
    import('unified'),
    import('remark-parse'),
    import('remark-frontmatter'),
    import('remark-gfm'),
    import('remark-mdx'),
  ])
  const parser = unified().use(markdown.default).use(frontMatter.default).use(tables.default).use(mdx.default)
  try {
    return parser.parse(text).children.filter((node) => node.type !== 'yaml')
  } catch (error) {
    const line = /\((\d+):\d+/.exec(messageOf(error))?.[1] ?? (error as { line?: number }).line ?? 1
    problems.add(Number(line), messageOf(error), 'close the tag; write a literal < or { in `code`')
    return undefined
  }
}

/** Turns parsed nodes into blocks, refusing what no renderer of ours understands. */
class BlockReader {
  readonly #folder: string
  readonly #problems: Problems

  constructor(folder: string, problems: Problems) {
    this.#folder = folder
    this.#problems = problems
  }

  async blocks(nodes: RootContent[]): Promise<Block[]> {
    const blocks: Block[] = []
    for (const node of nodes) {
      const element = asElement(node)
      if (!element) this.#refuseMdx(node)
      const block = element ? await this.#component(node, element) : node
      if (block) blocks.push(block)
    }
    return blocks
  }

  attributes(node: Nodes, element: Element, names: readonly string[]): Record<string, string> {
    const found: Record<string, string> = {}
    for (const { name, value } of element.attributes) {
      if (name && names.includes(name) && typeof value === 'string') found[name] = value
      else this.#problems.add(lineOf(node), `<${element.name}> has an odd attribute “${name}”`, COMPONENTS)
    }
    return found
  }

  async #component(node: RootContent, element: Element): Promise<Block | undefined> {
    if (element.name === 'Pod') return await this.#pod(node, element)
    if (element.name === 'File') return this.#file(node, element)
    this.#problems.add(lineOf(node), `unknown component <${element.name}>`, COMPONENTS)
    return undefined
  }

  async #pod(node: RootContent, element: Element): Promise<PodBlock | undefined> {
    const { manifest = '' } = this.attributes(node, element, ['manifest'])
    if (!this.#exists(node, manifest)) return undefined
    try {
      const text = readFileSync(join(this.#folder, manifest), 'utf8')
      return { type: 'pod', manifest, picture: await readPodPicture(manifest, text) }
    } catch (error) {
      this.#problems.add(lineOf(node), messageOf(error), 'name a manifest with a Pod')
      return undefined
    }
  }

  #file(node: RootContent, element: Element): FileBlock | undefined {
    const { path = '', lines = '' } = this.attributes(node, element, ['path', 'lines'])
    if (!this.#exists(node, path)) return undefined
    const all = readFileSync(join(this.#folder, path), 'utf8').replace(/\n$/, '').split('\n')
    const [first = 1, last = all.length] = lines ? lines.split('-').map(Number) : []
    if (!(first >= 1 && last >= first && last <= all.length)) {
      const instead = `${path} has ${all.length} lines: write lines="1-${all.length}" or less`
      this.#problems.add(lineOf(node), `lines="${lines}" is not in ${path}`, instead)
      return undefined
    }
    return { type: 'file', path, lines: all.slice(first - 1, last), firstLine: first }
  }

  #exists(node: RootContent, path: string): boolean {
    if (path && existsSync(join(this.#folder, path))) return true
    this.#problems.add(lineOf(node), `there is no file “${path}”`, 'write its path from the lesson’s folder')
    return false
  }

  #refuseMdx(node: Nodes): void {
    if (node.type.startsWith('mdx') || node.type === 'html') {
      const instead = `a component stands alone between blank lines; ${COMPONENTS}`
      this.#problems.add(lineOf(node), 'JSX, {…} or import inside the text', instead)
    }
    if ('children' in node) for (const child of node.children) this.#refuseMdx(child)
  }
}

function asElement(node: Nodes): Element | undefined {
  return (node.type as string) === 'mdxJsxFlowElement' ? (node as unknown as Element) : undefined
}

function lineOf(node: Nodes): number {
  return node.position?.start.line ?? 1
}

const COMPONENTS = 'an author may write <Step id="…">, <Pod manifest="…"/> and <File path="…" lines="3-12"/>'
