/** Turns the course into HTML, page by page. */
import { renderToString } from 'preact-render-to-string'
import type { Highlighter } from './code/highlighter.ts'
import { CodeColors } from './code/listing.tsx'
import type { Course } from './read/course.ts'
import * as contents from './pages/contents.tsx'
import { Frame, type Assets } from './pages/frame.tsx'
import * as home from './pages/home.tsx'
import * as lesson from './pages/lesson.tsx'
import * as notFound from './pages/not-found.tsx'
import * as readmes from './pages/readmes.tsx'

/** What makes pages; to add a page, add a file of pages/ here. */
const MAKERS = [home, lesson, contents, readmes, notFound]

/** Path of each page to its HTML. */
export function renderPages(course: Course, colors: Highlighter, assets: Assets): Map<string, string> {
  const pages = MAKERS.flatMap((maker) => maker.pages(course))
  return new Map(
    pages.map((page) => {
      const document = (
        <CodeColors.Provider value={colors}>
          <Frame page={page} assets={assets} />
        </CodeColors.Provider>
      )
      return [page.path, `<!doctype html>${renderToString(document)}\n`]
    }),
  )
}
