/** Shows code: a fence of the text, a file with its line numbers, a change of a file. */
import { createContext, type JSX } from 'preact'
import { useContext } from 'preact/hooks'
import type { ChangedLine, FileChange } from '../read/step-files.ts'
import type { Highlighter, Token } from './highlighter.ts'

/** What colors the code of the page that is being rendered. */
export const CodeColors = createContext<Highlighter>({ lines: () => [], css: () => '' })

/** A code block of the prose. */
export function Fence({ text, language }: { text: string; language: string }): JSX.Element {
  const lines = useContext(CodeColors).lines(text, language)
  return (
    <div class={`fence ${language}`} data-pagefind-ignore={language === 'diagram' ? 'all' : undefined}>
      <pre tabIndex={0}>
        <code>{lines.map((line, index) => [index > 0 && '\n', <Tokens line={line} />])}</code>
      </pre>
    </div>
  )
}

/** Some lines of a file, numbered as in the file; what is `marked` stands out. */
export function Listing(props: {
  name: string
  text: string
  firstLine?: number
  marked?: ReadonlySet<number>
}): JSX.Element {
  const { name, text, firstLine = 1, marked } = props
  const lines = useContext(CodeColors).lines(text, endingOf(name))
  return (
    <figure class="listing">
      <figcaption>{name}</figcaption>
      <pre tabIndex={0}>
        <code>
          {lines.map((line, index) => {
            const number = firstLine + index
            const Line = marked?.has(number) ? 'mark' : 'span'
            return (
              <Line class="line" data-n={number}>
                <Tokens line={line} />
                {'\n'}
              </Line>
            )
          })}
        </code>
      </pre>
    </figure>
  )
}

/** What a solution changes in one file; a new file is shown whole. */
export function Change({ change }: { change: FileChange }): JSX.Element {
  const { name, before, after, hunks } = change
  const colors = useContext(CodeColors)
  if (before === undefined) return <Listing name={`${name} (new)`} text={after} />
  const [old, fresh] = [before, after].map((text) => colors.lines(text, endingOf(name)))
  return (
    <figure class="listing change">
      <figcaption>{name}</figcaption>
      {hunks.map((hunk) => (
        <pre tabIndex={0}>
          <code>
            {hunk.map((line) => (
              <Changed line={line} tokens={(line.mark === '-' ? old : fresh)?.[line.number - 1] ?? []} />
            ))}
          </code>
        </pre>
      ))}
    </figure>
  )
}

const ELEMENTS = { ' ': 'span', '-': 'del', '+': 'ins' } as const

function Changed({ line, tokens }: { line: ChangedLine; tokens: Token[] }): JSX.Element {
  const Line = ELEMENTS[line.mark]
  return (
    <Line class="line" data-n={line.number}>
      <Tokens line={tokens} />
      {'\n'}
    </Line>
  )
}

function Tokens({ line }: { line: Token[] }): JSX.Element {
  return <>{line.map(({ text, color }) => (color ? <span class={color}>{text}</span> : text))}</>
}

function endingOf(name: string): string {
  return /\.(\w+)( \(new\))?$/.exec(name)?.[1] ?? ''
}
