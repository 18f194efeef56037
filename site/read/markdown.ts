/** Compiles MDX and Markdown into components, and collects their headings. */
import { evaluate, type EvaluateOptions } from '@mdx-js/mdx'
import type { ComponentType } from 'preact'
import * as runtime from 'preact/jsx-runtime'
import rehypeSlug from 'rehype-slug'
import remarkFrontmatter from 'remark-frontmatter'
import remarkGfm from 'remark-gfm'

/** A heading of a text. */
export interface Heading {
  /** 2 for `##`. */
  rank: number
  /** Its anchor. */
  id: string
  title: string
}

/** A compiled text. */
export interface Text {
  /** Takes what stands for Markdown's own elements, and for the components that an author may write. */
  Content: ComponentType<{ components?: Record<string, unknown> }>
  headings: Heading[]
}

/** A lesson.mdx, which {@link readProse} of the engine has found to be in order. */
export async function compileMdx(text: string): Promise<Text> {
  return await compile(text, 'mdx')
}

/** A README, where < and { mean themselves. */
export async function compileMarkdown(text: string): Promise<Text> {
  return await compile(text, 'md')
}

async function compile(text: string, format: 'md' | 'mdx'): Promise<Text> {
  const headings: Heading[] = []
  const { default: Content } = await evaluate(text, {
    ...(runtime as unknown as EvaluateOptions),
    format,
    remarkPlugins: [remarkFrontmatter, remarkGfm],
    rehypePlugins: [rehypeSlug, () => (tree) => collectHeadings(tree as Node, headings)],
  })
  return { Content: Content as unknown as Text['Content'], headings }
}

/** As much of a hast node as headings need. */
interface Node {
  tagName?: string
  properties?: { id?: string }
  value?: string
  children?: Node[]
}

function collectHeadings(node: Node, headings: Heading[]): void {
  const rank = /^h([2-6])$/.exec(node.tagName ?? '')?.[1]
  if (rank) headings.push({ rank: Number(rank), id: node.properties?.id ?? '', title: textOf(node) })
  for (const child of node.children ?? []) collectHeadings(child, headings)
}

function textOf(node: Node): string {
  return node.value ?? (node.children ?? []).map(textOf).join('')
}
