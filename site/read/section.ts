/** Cuts one section out of a README, so that the site quotes it instead of saying it again. */

/**
 * The Markdown below a heading, up to the next heading of its rank; the title of a README ends at any heading. Throws
 * where there is no such heading: somebody has renamed it.
 */
export function sectionOf(markdown: string, heading: string): string {
  const lines = markdown.split('\n')
  const from = lines.indexOf(heading)
  if (from === -1) throw new Error(`no line “${heading}” in the README that the site quotes`)
  const rank = Math.max(2, heading.indexOf(' '))
  let isFence = false
  const length = lines.slice(from + 1).findIndex((line) => {
    if (line.startsWith('```')) isFence = !isFence
    return !isFence && new RegExp(`^#{1,${rank}} `).test(line)
  })
  return lines.slice(from + 1, length === -1 ? undefined : from + 1 + length).join('\n')
}
