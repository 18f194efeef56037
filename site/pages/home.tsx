/** The first page: what this is, how to begin, and every lesson. */
import type { JSX } from 'preact'
import { PodFigure } from '../pod/pod-figure.tsx'
import type { Course, LessonText } from '../read/course.ts'
import type { Page } from './page.ts'
import { countOf, Readme } from './prose.tsx'

/** The page itself. */
export function pages({ lessons, readmes }: Course): Page[] {
  const picture = lessons[0]?.pods.at(-1)
  return [
    {
      path: 'index.html',
      title: 'Sidecar Workshop',
      description:
        'Understand Kubernetes sidecars by running them: write the manifests and the sidecars yourself.',
      places: [],
      body: (
        <div class="home">
          <div class="hero">
            <div>
              <h1>Understand Kubernetes sidecars by running them.</h1>
              <p class="summary">
                You write the manifests and the sidecars, in TypeScript. A cluster is there in a second. Each
                step looks at live logs and says done, or not yet, because…
              </p>
              {lessons[0] && (
                <p class="ways">
                  <a href={lessons[0].page}>Read lesson 1</a>
                  <a href="#begin">Run it</a>
                </p>
              )}
            </div>
            {picture && (
              <PodFigure
                id="pod"
                picture={picture.picture}
                manifest={`lessons/${lessons[0]!.lesson.name}/${picture.manifest}`}
              />
            )}
          </div>
          <h2 id="lessons">Lessons</h2>
          <ol class="lessons">
            {lessons.map((text) => (
              <LessonEntry text={text} />
            ))}
          </ol>
          <h2 id="begin">Begin</h2>
          <Readme text={readmes.begin} />
          <h2 id="see">What you will see</h2>
          <Readme text={readmes.screen} />
          <h2 id="commands">Commands</h2>
          <Readme text={readmes.commands} />
        </div>
      ),
    },
  ]
}

function LessonEntry({ text: { lesson, page } }: { text: LessonText }): JSX.Element {
  return (
    <li>
      <a href={page}>
        <span class="number">{lesson.number}</span>
        <strong>{lesson.title}</strong>
        <small>
          {countOf(lesson.steps.length, 'step')}, {countOf(lesson.minutes, 'minute')}
        </small>
      </a>
      <p>{lesson.summary}</p>
    </li>
  )
}
