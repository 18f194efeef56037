/** Everything there is, as plain links: the search of those without JavaScript. */
import type { Course } from '../read/course.ts'
import { Opening } from './frame.tsx'
import { placesOf } from './lesson.tsx'
import type { Page, Place } from './page.ts'

interface Entry {
  page: string
  title: string
  places: Place[]
}

/** The page itself. */
export function pages({ lessons, readmes }: Course): Page[] {
  const others: Entry[] = [
    { page: 'glossary.html', title: 'Glossary', places: [] },
    { page: 'limits.html', title: 'What is true, and what is not', places: readmes.served.headings },
    { page: 'write-a-lesson.html', title: 'Write a lesson', places: readmes.writing.headings },
  ]
  const entries: Entry[] = lessons.map((text) => ({
    page: text.page,
    title: `${text.lesson.number}. ${text.lesson.title}`,
    places: placesOf(text),
  }))
  return [
    {
      path: 'contents.html',
      title: 'Contents',
      description: 'Every lesson, every step and every page of the Sidecar Workshop.',
      places: [],
      body: (
        <div data-pagefind-ignore="all">
          <Opening title="Contents" />
          {[...entries, ...others].map(({ page, title, places }) => (
            <section class="entry">
              <h2>
                <a href={page}>{title}</a>
              </h2>
              <ul>
                {places.map(({ id, title: place, number }) => (
                  <li>
                    <a href={`${page}#${id}`}>
                      {number && <span class="number">{number}</span>}
                      {place}
                    </a>
                  </li>
                ))}
              </ul>
            </section>
          ))}
        </div>
      ),
    },
  ]
}
