/** Full-text search in a dialog; the index is on the same server, and loaded when the dialog opens. */

/** As much of Pagefind's interface as is used. https://pagefind.app/docs/api/ */
interface Pagefind {
  debouncedSearch(words: string): Promise<{ results: { data(): Promise<Found> }[] } | null>
}

interface Found {
  raw_url: string
  meta: { title: string }
  excerpt: string
  sub_results: { title: string; anchor?: { id: string }; excerpt: string }[]
}

const script = document.currentScript as HTMLScriptElement
const MOST = 6
const MOST_IN_A_PAGE = 3

/** Shows the button, and opens the dialog on it and on the key `/`. */
export function prepareSearch(): void {
  const button = document.querySelector<HTMLButtonElement>('[data-search]')
  if (!button) return
  const dialog = createDialog()
  document.body.append(dialog)
  const open = () => {
    dialog.showModal()
    void loadPagefind()
  }
  button.addEventListener('click', open)
  document.addEventListener('keydown', (event) => {
    const isTyping =
      event.target instanceof Element && event.target.closest('input, textarea, [contenteditable]')
    if (event.key !== '/' || isTyping || dialog.open || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    open()
  })
  button.hidden = false
}

function createDialog(): HTMLDialogElement {
  const dialog = document.createElement('dialog')
  dialog.className = 'search'
  dialog.setAttribute('aria-label', 'Search')
  dialog.innerHTML = `<form method="dialog"><input type="search" aria-label="Words to search for" placeholder="Search all lessons"
    autocomplete="off" autofocus><button>Close</button></form><p role="status"></p><ol></ol>`
  const input = dialog.querySelector('input')!
  input.addEventListener('input', () => void search(input.value, dialog))
  // Enter would close the dialog: it leads to the first result.
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return
    event.preventDefault()
    dialog.querySelector<HTMLAnchorElement>('ol a')?.click()
  })
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog || (event.target as Element).closest('a')) dialog.close()
  })
  return dialog
}

async function search(words: string, dialog: HTMLDialogElement): Promise<void> {
  const [status, list] = [dialog.querySelector('p')!, dialog.querySelector('ol')!]
  try {
    const pagefind = await loadPagefind()
    const answer = words.trim() ? await pagefind.debouncedSearch(words) : { results: [] }
    // Another key was pressed meanwhile.
    if (!answer) return
    const found = await Promise.all(answer.results.slice(0, MOST).map((result) => result.data()))
    list.replaceChildren(...found.flatMap(drawPage))
    status.textContent = !words.trim() ? '' : found.length === 0 ? `Nothing holds “${words}”.` : ''
  } catch {
    status.textContent = 'Search needs a web server: the page was opened as a file, or the index is missing.'
  }
}

let loading: Promise<Pagefind> | undefined

function loadPagefind(): Promise<Pagefind> {
  const url = new URL('../pagefind/pagefind.js', script.src).href
  loading ??= import(/* @vite-ignore */ url) as Promise<Pagefind>
  return loading
}

/** The first places of a page that hold the words; the page itself where none has an anchor. */
function drawPage({ raw_url: url, meta, excerpt, sub_results: parts }: Found): HTMLLIElement[] {
  const page = url.replace(/^\//, '')
  const places = parts.filter(({ anchor }) => anchor).slice(0, MOST_IN_A_PAGE)
  if (places.length === 0) return [drawResult(page, meta.title, excerpt)]
  return places.map((place) =>
    drawResult(`${page}#${place.anchor!.id}`, `${meta.title}: ${place.title}`, place.excerpt),
  )
}

function drawResult(href: string, title: string, excerpt: string): HTMLLIElement {
  const item = document.createElement('li')
  const link = document.createElement('a')
  link.href = href
  link.textContent = title
  const text = document.createElement('p')
  // Pagefind escapes the text, and marks what was found.
  text.innerHTML = excerpt
  item.append(link, text)
  return item
}
