/** Marks in the table of contents where the reader is, and folds it away on a phone. */

/** Follows the reader down the page. */
export function markPlace(): void {
  const details = document.querySelector<HTMLDetailsElement>('.places details')
  if (!details) return
  const narrow = matchMedia('(max-width: 1000px)')
  const fold = () => (details.open = !narrow.matches)
  fold()
  narrow.addEventListener('change', fold)
  const links = new Map(
    [...details.querySelectorAll('a')].map((link) => [document.getElementById(link.hash.slice(1)), link]),
  )
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) target.toggleAttribute('data-in-view', isIntersecting)
      const here = [...links.keys()].find((place) => place?.hasAttribute('data-in-view'))
      if (!here) return
      for (const [place, link] of links) link.toggleAttribute('data-here', place === here)
    },
    { rootMargin: '-15% 0px -60% 0px' },
  )
  for (const place of links.keys()) if (place) observer.observe(place)
}
