/** Follows every link inside the site, and says which lead nowhere. */

/** A link that leads nowhere, or an anchor that there is twice. */
export interface DeadLink {
  page: string
  /** The link as it is written, or `#id` of a doubled anchor. */
  href: string
  what: string
  instead: string
}

/** Looks through all pages (path to HTML); `files` are the site's other files. */
export function findDeadLinks(pages: ReadonlyMap<string, string>, files: readonly string[]): DeadLink[] {
  const anchors = new Map([...pages].map(([path, html]) => [path, valuesOf(html, 'id')]))
  return [...pages].flatMap(([page, html]) => [
    ...doubled(anchors.get(page)!).map((id) => ({
      page,
      href: `#${id}`,
      what: `two things have the anchor “#${id}”`,
      instead: 'give one of the two another title or id',
    })),
    ...[...new Set([...valuesOf(html, 'href'), ...valuesOf(html, 'src')])].flatMap((href) => {
      const complaint = follow(page, href, anchors, files)
      return complaint ? [{ page, href, ...complaint }] : []
    }),
  ])
}

function follow(
  page: string,
  href: string,
  anchors: ReadonlyMap<string, string[]>,
  files: readonly string[],
): { what: string; instead: string } | undefined {
  if (/^(https?|mailto):/.test(href)) return undefined
  const [path = '', anchor] = href.split('#')
  const target = path || page
  const ids = anchors.get(target)
  if (!ids) {
    if (files.includes(target)) return undefined
    return {
      what: `the link “${href}” leads to no page`,
      instead: `the pages are: ${[...anchors.keys()].join(', ')}`,
    }
  }
  if (!anchor || ids.includes(decodeURIComponent(anchor))) return undefined
  return {
    what: `the link “${href}” names no anchor of ${target}`,
    instead: `its anchors are: ${ids.filter((id) => !/^pod-|-title$/.test(id)).join(', ')}`,
  }
}

function doubled(ids: string[]): string[] {
  return [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))]
}

/** The values of an attribute; the renderer writes every one of them in double quotes. */
function valuesOf(html: string, attribute: string): string[] {
  const matches = html.matchAll(new RegExp(` ${attribute}="([^"]*)"`, 'g'))
  return [...matches].map((match) => match[1]!.replaceAll('&amp;', '&').replaceAll('&quot;', '"'))
}
