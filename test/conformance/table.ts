/** The public table of what the embedded cluster serves, as text made from the suite and its skips. */
import type { Chapter } from './requirement.ts'

const START = '<!-- conformance: written by `node scripts/workshop.mjs generate-conformance-table` -->'
const END = '<!-- /conformance -->'

/** `text` with what is between the markers replaced by the table; throws where a marker is missing. */
export function withTable(text: string, chapters: Chapter[], skipped: Record<string, string>): string {
  const start = text.indexOf(START)
  const end = text.indexOf(END)
  if (start < 0 || end < start) throw new Error(`the text has no markers ${START} and ${END}`)
  return `${text.slice(0, start + START.length)}\n\n${tables(chapters, skipped)}\n\n${text.slice(end)}`
}

function tables(chapters: Chapter[], skipped: Record<string, string>): string {
  const parts = chapters.map(({ name, requirements }) => {
    const rows = requirements.map(({ title, follows }) => {
      const reason = skipped[title]
      return [title, reason ? `no: ${reason}` : 'yes', link(follows)]
    })
    const title = name.charAt(0).toUpperCase() + name.slice(1)
    return `#### ${title}\n\n${align([['What a cluster promises', 'here', 'see'], ...rows])}`
  })
  return parts.join('\n\n')
}

function link(follows: string): string {
  const kep = /^KEP-(\d+)$/.exec(follows)
  if (kep) return `[${follows}](https://www.kubernetes.dev/resources/keps/${kep[1]}/)`
  return `[${follows.split('/').at(-2)}](https://kubernetes.io/docs/${follows})`
}

/** A table whose columns are as wide as their widest cell: the form that the formatter keeps. */
function align([head, ...rows]: string[][]): string {
  const cells = [head!, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = head!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  const line = (row: string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)].join('\n')
}
