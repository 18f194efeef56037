/** `npm run build`: the web site, as files that any server can show. */
import { parseArgs } from 'node:util'
import { print } from '../terminal/print.ts'

export const summary = 'builds the web site into site/dist'
export const usage = `npm run build                            from lessons/ into site/dist
npm run build -- --out <folder>          into another folder, which is emptied first
npm run build -- --lessons <folder>      from other lessons`

/** 0 when the site is written. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { lessons: { type: 'string' }, out: { type: 'string' } } })
  // Loaded here: the list of commands should not wait for a bundler.
  const { buildSite } = await import('../../site/build.ts')
  const started = performance.now()
  const { outDir, pages } = await buildSite({ lessons: values.lessons, outDir: values.out })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  print(`${pages.size} pages in ${outDir}, ${seconds} s
Open index.html there, or put the folder on any web server, under any path. Search needs a server.`)
  return 0
}
