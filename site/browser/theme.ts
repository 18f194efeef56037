/** Light or dark: the system's choice until the reader makes one, which the browser then keeps. */

const THEMES = ['system', 'light', 'dark'] as const
type Theme = (typeof THEMES)[number]
const KEY = 'theme'

/** Shows the page in the theme that the reader chose before. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = storedTheme()
}

/** The button goes round: system, light, dark. */
export function prepareThemeButton(): void {
  const button = document.querySelector<HTMLButtonElement>('[data-theme-button]')
  if (!button) return
  const label = () => {
    button.title = `Theme: ${storedTheme()}`
    button.ariaLabel = button.title
  }
  button.addEventListener('click', () => {
    const next = THEMES[(THEMES.indexOf(storedTheme()) + 1) % THEMES.length]!
    store(next)
    applyTheme()
    label()
  })
  label()
  button.hidden = false
}

let unstored: Theme = 'system'

/** Storage can be closed to a page, as in a private window. */
function storedTheme(): Theme {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? unstored
  } catch {
    return unstored
  }
}

function store(theme: Theme): void {
  unstored = theme
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // Then it holds for this page.
  }
}
