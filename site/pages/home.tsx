/** The first page: what this is, how to begin, and every lesson. */
import type { JSX } from 'preact'
import { PodFigure } from '../pod/pod-figure.tsx'
import type { Course, LessonText } from '../read/course.ts'
import type { Page } from './page.ts'
import { Readme } from './prose.tsx'

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
            <h1>Understand Kubernetes sidecars by running them.</h1>
            {picture && (
              <PodFigure
                id="pod"
                picture={picture.picture}
                manifest={`${lessons[0]!.lesson.name}/${picture.manifest}`}
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
          <Readme text={readmes.opening} />
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
          {lesson.steps.length} steps, {lesson.minutes} minutes
        </small>
      </a>
      <p>{lesson.summary}</p>
    </li>
  )
}
