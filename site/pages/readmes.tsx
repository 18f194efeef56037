/** The pages that show a README: write a lesson, the limits, the glossary. */
import { toChildArray, type ComponentChildren, type JSX } from 'preact'
import type { Course } from '../read/course.ts'
import { Opening } from './frame.tsx'
import type { Page } from './page.ts'
import { Readme } from './prose.tsx'

/** Three pages. */
export function pages(course: Course): Page[] {
  return [writing(course), limits(course), glossary(course)]
}

function writing({ readmes }: Course): Page {
  return {
    path: 'write-a-lesson.html',
    title: 'Write a lesson',
    description: 'How a lesson of the Sidecar Workshop is written, checked and proven.',
    places: readmes.writing.headings.filter(({ rank }) => rank === 2),
    body: (
      <article>
        <Opening title="Write a lesson" />
        <Readme text={readmes.writing} />
      </article>
    ),
  }
}

/** The README's headings stand two ranks deeper than this page needs. */
const RAISED = { h3: 'h2', h4: 'h3' }

function limits({ readmes }: Course): Page {
  return {
    path: 'limits.html',
    title: 'What is true, and what is not',
    description:
      'What the embedded cluster keeps of Kubernetes’ promises, where it differs, and what is still missing.',
    places: [
      { id: 'today', title: 'Today' },
      { id: 'differences', title: 'Where it differs from a cluster' },
      { id: 'promises', title: 'What it keeps' },
      ...readmes.served.headings,
    ],
    body: (
      <article>
        <Opening title="What is true, and what is not" />
        <h2 id="today">Today</h2>
        <Readme text={readmes.truth} />
        <h2 id="differences">Where it differs from a cluster</h2>
        <Readme text={readmes.differences} />
        <h2 id="promises">What it keeps</h2>
        <Readme text={readmes.served} components={RAISED} />
      </article>
    ),
  }
}

function glossary({ readmes }: Course): Page {
  return {
    path: 'glossary.html',
    title: 'Glossary',
    description: 'The words of the Sidecar Workshop, each with one meaning.',
    places: [],
    body: (
      <article class="glossary">
        <Opening title="Glossary">
          <p class="summary">
            The workshop’s own words, each with one meaning. Kubernetes’ words mean what they mean there.
          </p>
        </Opening>
        <Readme text={readmes.glossary} components={AS_LIST} />
      </article>
    ),
  }
}

interface Children {
  children: ComponentChildren
}

/** A table of two columns is a list of words and their meanings. */
const AS_LIST = {
  table: ({ children }: Children) => <dl>{children}</dl>,
  thead: () => null,
  tbody: ({ children }: Children) => <>{children}</>,
  tr: Definition,
}

function Definition({ children }: Children): JSX.Element {
  const [word, meaning] = toChildArray(children).filter((child) => typeof child === 'object')
  const text = String(word?.props.children)
  return (
    <div id={text.toLowerCase()}>
      <dt>{text}</dt>
      <dd>{meaning?.props.children}</dd>
    </div>
  )
}
