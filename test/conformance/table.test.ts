/** Proves that the table in sandbox/README.md is the suite's, and that a skip skips something. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { loadSuite } from './requirement.ts'
import { skips } from './skips.ts'
import { withTable } from './table.ts'

const README = fileURLToPath(new URL('../../sandbox/README.md', import.meta.url))
const chapters = await loadSuite()
const titles = chapters.flatMap(({ requirements }) => requirements.map(({ title }) => title))

it('is what `node scripts/workshop.mjs generate-conformance-table` would write into sandbox/README.md', async () => {
  const text = await readFile(README, 'utf8')
  await expect(withTable(text, chapters, skips.embedded ?? {})).toMatchFileSnapshot(README)
})

it('names every requirement once, and each by where it is written', () => {
  expect(titles).toEqual([...new Set(titles)])
  const sources = chapters.flatMap(({ requirements }) => requirements.map(({ follows }) => follows))
  expect(sources.filter((follows) => !/^(KEP-\d+|(concepts|tasks|reference)\/.+\/)$/.test(follows))).toEqual(
    [],
  )
})

it('skips only what it demands', () => {
  const skipped = Object.values(skips).flatMap((reasons) => Object.keys(reasons))
  expect(skipped.filter((title) => !titles.includes(title))).toEqual([])
})
