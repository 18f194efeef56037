/** The pages of the lessons. */
import type { ComponentChildren, JSX } from 'preact'
import { Listing } from '../code/listing.tsx'
import { PodFigure } from '../pod/pod-figure.tsx'
import type { Course, LessonText } from '../read/course.ts'
import { Opening } from './frame.tsx'
import type { Page, Place } from './page.ts'
import { countOf, MARKDOWN } from './prose.tsx'
import { StepDrawers } from './step-drawers.tsx'

/** One page for each lesson. */
export function pages({ lessons }: Course): Page[] {
  return lessons.map((text, index) => ({
    path: text.page,
    title: text.lesson.title,
    description: text.lesson.summary,
    places: placesOf(text),
    body: <LessonPage text={text} previous={lessons[index - 1]} next={lessons[index + 1]} />,
  }))
}

/** Steps, then the second-rank headings of the afterword. */
export function placesOf({ lesson, text }: LessonText): Place[] {
  const steps = lesson.steps.map(({ id, title }, index) => ({ id, title, number: index + 1 }))
  return [...steps, ...text.headings.filter(({ rank }) => rank === 2)]
}

function LessonPage(props: { text: LessonText; previous?: LessonText; next?: LessonText }): JSX.Element {
  const { lesson, text } = props.text
  return (
    <article>
      <Opening title={lesson.title}>
        <p class="kicker">
          Lesson {lesson.number} · {countOf(lesson.steps.length, 'step')} ·{' '}
          {countOf(lesson.minutes, 'minute')}
        </p>
        <p class="summary">{lesson.summary}</p>
        <p class="play">
          Play it: <code>npm run lesson {lesson.number}</code>
        </p>
      </Opening>
      <text.Content components={lessonComponents(props.text)} />
      <Neighbors previous={props.previous} next={props.next} />
    </article>
  )
}

/** What an author may write, bound to this lesson. */
function lessonComponents(lesson: LessonText): Record<string, unknown> {
  return {
    ...MARKDOWN,
    Step: ({ id, children }: { id: string; children: ComponentChildren }) => (
      <StepSection lesson={lesson} id={id}>
        {children}
      </StepSection>
    ),
    Pod: ({ manifest }: { manifest: string }) => {
      const index = lesson.pods.findIndex((block) => block.manifest === manifest)
      return <PodFigure id={`pod-${index + 1}`} picture={lesson.pods[index]!.picture} manifest={manifest} />
    },
    File: ({ path, lines }: { path: string; lines?: string }) => {
      const block = lesson.files.find(
        (each) =>
          each.path === path &&
          (!lines || lines === `${each.firstLine}-${each.firstLine + each.lines.length - 1}`),
      )!
      return <Listing name={path} text={block.lines.join('\n')} firstLine={block.firstLine} />
    },
  }
}

function StepSection(props: { lesson: LessonText; id: string; children: ComponentChildren }): JSX.Element {
  const { lesson, stepFiles } = props.lesson
  const index = lesson.steps.findIndex(({ id }) => id === props.id)
  const step = lesson.steps[index]!
  return (
    <section class="step" id={step.id} aria-labelledby={`${step.id}-title`}>
      <header>
        <p class="kicker">
          Step {index + 1} of {lesson.steps.length}
        </p>
        <h2 id={`${step.id}-title`}>{step.title}</h2>
      </header>
      {props.children}
      <StepDrawers lesson={lesson} step={step} files={stepFiles[index]!} />
    </section>
  )
}

function Neighbors({ previous, next }: { previous?: LessonText; next?: LessonText }): JSX.Element {
  return (
    <nav class="neighbors" aria-label="Lessons before and after">
      {previous ? (
        <Neighbor rel="prev" href={previous.page} word="Previous lesson" title={previous.lesson.title} />
      ) : (
        <Neighbor rel="prev" href="index.html" word="Back to" title="All lessons" />
      )}
      {next && <Neighbor rel="next" href={next.page} word="Next lesson" title={next.lesson.title} />}
    </nav>
  )
}

function Neighbor(props: { rel: string; href: string; word: string; title: string }): JSX.Element {
  const { rel, href, word, title } = props
  return (
    <a class={rel} rel={rel} href={href}>
      <small>{word}</small> {title}
    </a>
  )
}
