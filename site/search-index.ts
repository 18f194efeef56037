/** Writes the index of the full-text search, which the browser loads in pieces when somebody searches. */
import { join } from 'node:path'
import { close, createIndex } from 'pagefind'

/** Indexes the pages (path to HTML) into `<outDir>/pagefind`. */
export async function writeSearchIndex(pages: ReadonlyMap<string, string>, outDir: string): Promise<void> {
  try {
    const { index, errors } = await createIndex({ forceLanguage: 'en' })
    if (!index) throw new Error(`pagefind: ${errors.join('; ')}`)
    for (const [url, content] of pages) await index.addHTMLFile({ url, content })
    await index.writeFiles({ outputPath: join(outDir, 'pagefind') })
  } finally {
    await close()
  }
}
