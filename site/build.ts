/** Builds the web site: reads the course, renders every page, follows every link, then writes it all. */
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'
import { LESSONS_FOLDER } from '#sandbox/course/lesson.ts'
import { WorkshopError } from '#sandbox/errors.ts'
import { bundleAssets, hashedName } from './assets.ts'
import { createCodeHighlighter } from './code/highlighter.ts'
import { findDeadLinks } from './links.ts'
import { readCourse } from './read/course.ts'
import type * as renderer from './render.tsx'
import { reportDeadLinks } from './report.ts'
import { writeSearchIndex } from './search-index.ts'

/** Where `npm run build` puts the site. */
export const SITE_FOLDER = fileURLToPath(new URL('dist/', import.meta.url))

/** What was built. */
export interface Site {
  outDir: string
  /** Path of each page to its HTML. */
  pages: ReadonlyMap<string, string>
}

/** Where a site comes from and where it goes: the kit's own lessons and `site/dist`, unless told. */
export interface SiteOptions {
  lessons?: string
  outDir?: string
}

/**
 * Builds the site of the lessons under `lessons` into `outDir`, whose former site is removed. Throws a WorkshopError that
 * names file and line of each mistake in a lesson; `outDir` is as it was then.
 */
export async function buildSite({
  lessons = LESSONS_FOLDER,
  outDir = SITE_FOLDER,
}: SiteOptions = {}): Promise<Site> {
  await refuseForeignFolder(outDir)
  const course = await readCourse(lessons)
  const [bundle, colors, { renderPages }] = await Promise.all([
    bundleAssets(),
    createCodeHighlighter(),
    loadRenderer(),
  ])
  const script = hashedName('site', 'js', bundle.script)
  const style = hashedName('site', 'css', bundle.style)
  const pages = renderPages(course, colors, { script, style })
  const assets = new Map([
    [script, bundle.script],
    // The colors are known once all code is rendered.
    [style, bundle.style + colors.css()],
    ['assets/icon.svg', bundle.icon],
  ])
  reportDeadLinks(findDeadLinks(pages, [...assets.keys()]), course)
  await writeFiles(outDir, [...pages, ...assets])
  await writeSearchIndex(pages, outDir)
  return { outDir, pages }
}

/** What is no site may be somebody's work. */
async function refuseForeignFolder(outDir: string): Promise<void> {
  const names = existsSync(outDir) ? await readdir(outDir) : []
  if (names.length === 0 || names.includes('contents.html')) return
  throw new WorkshopError(
    `${outDir} holds other files than a site: ${names.slice(0, 3).join(', ')}`,
    'name a new folder, or empty this one yourself',
  )
}

/** Node runs TypeScript, and no TSX: Vite does. */
async function loadRenderer(): Promise<typeof renderer> {
  const file = fileURLToPath(new URL('render.tsx', import.meta.url))
  const { module } = await runnerImport<typeof renderer>(file, {
    configFile: false,
    logLevel: 'error',
  })
  return module
}

async function writeFiles(outDir: string, files: [string, string][]): Promise<void> {
  await rm(outDir, { recursive: true, force: true })
  for (const [path, content] of files) {
    await mkdir(dirname(join(outDir, path)), { recursive: true })
    await writeFile(join(outDir, path), content)
  }
}
