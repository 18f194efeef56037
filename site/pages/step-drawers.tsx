/** What stands closed below each step: the files, three hints, the solution, and how the step is judged. */
import type { JSX } from 'preact'
import type { StepHead } from '#sandbox/course/front-matter.ts'
import type { Lesson } from '#sandbox/course/lesson.ts'
import { Change, Listing } from '../code/listing.tsx'
import { PodFigure } from '../pod/pod-figure.tsx'
import type { StepFiles, StepPod } from '../read/step-files.ts'

const TIERS = ['Where to look', 'What is wrong', 'What to write']

/** Everything in a <details>, so that nothing is read before it is wanted, with or without JavaScript. */
export function StepDrawers(props: { lesson: Lesson; step: StepHead; files: StepFiles }): JSX.Element {
  const { lesson, step, files } = props
  return (
    <div class="drawers" data-pagefind-ignore>
      {files.begin.length > 0 && (
        <details>
          <summary>
            Your files as this step begins <small>{files.begin.map(({ name }) => name).join(', ')}</small>
          </summary>
          <Pods id={`${step.id}-before`} pods={files.podsBefore} />
          {files.begin.map(({ name, text, marked }) => (
            <Listing name={name} text={text} marked={marked} />
          ))}
        </details>
      )}
      {step.hints.map((hint, index) => (
        <details>
          <summary>
            Hint {index + 1} <small>{TIERS[index]}</small>
          </summary>
          <p>{hint}</p>
        </details>
      ))}
      <details>
        <summary>
          Show the solution <small>{files.changes.map(({ name }) => name).join(', ')}</small>
        </summary>
        <Pods id={`${step.id}-after`} pods={files.podsAfter} />
        {files.changes.map((change) => (
          <Change change={change} />
        ))}
        {files.changes.length === 0 && <p>This step is solved without changing a file.</p>}
      </details>
      <p class="proof" data-proof={step.id}>
        Is it done? <code>npm run check {lesson.number}</code> looks at the running pod and says so.
      </p>
    </div>
  )
}

function Pods({ id, pods }: { id: string; pods: StepPod[] }): JSX.Element {
  return (
    <>
      {pods.map(({ manifest, picture }, index) => (
        <PodFigure id={`pod-${id}-${index}`} picture={picture} manifest={manifest} />
      ))}
    </>
  )
}
