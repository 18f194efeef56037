/** What a server shows for an address that does not exist. */
import { Opening } from './frame.tsx'
import type { Page } from './page.ts'

/** The page itself. */
export function pages(): Page[] {
  return [
    {
      path: '404.html',
      title: 'There is no such page',
      description: 'This address leads nowhere.',
      places: [],
      body: (
        <div data-pagefind-ignore="all">
          <Opening title="There is no such page">
            <p class="summary">
              The address leads nowhere. <a href="contents.html">Contents</a> lists every page that there is.
            </p>
          </Opening>
        </div>
      ),
    },
  ]
}
