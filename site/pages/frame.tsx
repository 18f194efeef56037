/** What stands around every page: head, header, table of contents, footer. */
import type { ComponentChildren, JSX } from 'preact'
import type { Page, Place } from './page.ts'

/** Files that every page loads, relative to it. */
export interface Assets {
  style: string
  script: string
}

const LINKS = [
  ['index.html', 'Lessons'],
  ['contents.html', 'Contents'],
  ['glossary.html', 'Glossary'],
  ['limits.html', 'Limits'],
  ['write-a-lesson.html', 'Write a lesson'],
] as const

/** The whole document. */
export function Frame({ page, assets }: { page: Page; assets: Assets }): JSX.Element {
  const title = page.path === 'index.html' ? page.title : `${page.title} · Sidecar Workshop`
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <meta name="description" content={page.description} />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href={assets.style} />
        <script src={assets.script} />
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to the text
        </a>
        <Header current={page.path} />
        <div class={page.places.length > 0 ? 'page with-places' : 'page'}>
          {page.places.length > 0 && <Places places={page.places} />}
          <main id="main" tabIndex={-1} data-pagefind-body>
            {page.body}
          </main>
        </div>
        <Footer />
      </body>
    </html>
  )
}

function Header({ current }: { current: string }): JSX.Element {
  return (
    <header class="top">
      <a class="brand" href="index.html">
        <Mark />
        Sidecar Workshop
      </a>
      <nav aria-label="Site">
        {LINKS.map(([path, title]) => (
          <a href={path} aria-current={path === current ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <div class="tools">
        <button type="button" class="search-button" data-search hidden>
          Search <kbd>/</kbd>
        </button>
        <button type="button" class="theme-button" data-theme-button hidden>
          <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
            <circle cx="12" cy="12" r="9" />
            <path d="M12 3a9 9 0 0 1 0 18z" />
          </svg>
        </button>
      </div>
    </header>
  )
}

/** Two rails and what joins them: an app, its sidecar, and the volume between. */
function Mark(): JSX.Element {
  return (
    <svg class="brand-mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <path d="M7 2v20M17 9v13M7 9h10" />
      <circle cx="7" cy="9" r="3" />
      <circle cx="17" cy="9" r="3" />
    </svg>
  )
}

function Places({ places }: { places: Place[] }): JSX.Element {
  return (
    <nav class="places" aria-label="On this page">
      <details open>
        <summary>On this page</summary>
        <ol>
          {places.map(({ id, title, number }) => (
            <li class={number ? 'station' : undefined}>
              <a href={`#${id}`}>
                {number && <span class="number">{number}</span>}
                {title}
              </a>
            </li>
          ))}
        </ol>
      </details>
    </nav>
  )
}

function Footer(): JSX.Element {
  return (
    <footer class="bottom">
      <p>
        Sidecar Workshop is free software under Apache-2.0. This site loads nothing from elsewhere, sets no
        cookie, and works without JavaScript.
      </p>
    </footer>
  )
}

/** Text that a page of prose begins with. */
export function Opening({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="opening">
      <h1>{title}</h1>
      {children}
    </div>
  )
}
