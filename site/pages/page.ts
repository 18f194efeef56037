/** What a page of the site is. */
import type { JSX } from 'preact'

/** A place that the table of contents names. */
export interface Place {
  id: string
  title: string
  /** A step's number, shown as its station. */
  number?: number
}

/** One page, before the frame is put around it. */
export interface Page {
  /** Its file in the root of the site: all pages lie side by side, so that every link is relative. */
  path: string
  title: string
  /** One sentence for search engines and link previews. */
  description: string
  places: Place[]
  body: JSX.Element
}
