/** How the text of lessons and READMEs is shown: what stands for each element of Markdown. */
import { toChildArray, type ComponentChildren, type JSX, type VNode } from 'preact'
import { Fence } from '../code/listing.tsx'
import type { Text } from '../read/markdown.ts'

/** What Markdown's own elements become; pages add to it. */
export const MARKDOWN = { pre: Pre, p: Paragraph, table: Table }

/** A compiled text of a README: its links lead to the page that shows the same file, or nowhere. */
export function Readme(props: { text: Text; components?: Record<string, unknown> }): JSX.Element {
  const { Content } = props.text
  return <Content components={{ ...MARKDOWN, a: ReadmeLink, ...props.components }} />
}

/** `1 step`, `6 steps`. */
export function countOf(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** Pages that show a README. */
const PAGES: Record<string, string> = {
  'README.md': 'index.html',
  'sandbox/README.md': 'limits.html',
  'lessons/README.md': 'write-a-lesson.html',
}

function ReadmeLink({ href, children }: { href: string; children: ComponentChildren }): JSX.Element {
  if (/^(https?:|#)/.test(href)) return <a href={href}>{children}</a>
  return PAGES[href] ? <a href={PAGES[href]}>{children}</a> : <>{children}</>
}

function Pre({ children }: { children: VNode<{ className?: string; children: string }> }): JSX.Element {
  const { className = '', children: text } = children.props
  return <Fence text={text} language={className.replace('language-', '') || 'text'} />
}

/** What a learner does, and what proves it, stands out from what is told. */
function Paragraph({ children }: { children: ComponentChildren }): JSX.Element {
  const [first] = toChildArray(children)
  const isStrong = typeof first === 'object' && first.type === 'strong'
  const word = isStrong ? /^(Do|See|Break it)\b/.exec(String(first.props.children))?.[1] : undefined
  return word ? <p class={word.toLowerCase().replace(' ', '-')}>{children}</p> : <p>{children}</p>
}

function Table({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <div class="table" tabIndex={0} role="group" aria-label="Table">
      <table>{children}</table>
    </div>
  )
}
