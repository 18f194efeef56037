/** What a page can do with JavaScript beyond being read: theme, search, copying, and where the reader is. */
import '../style/site.css'
import { addCopyButtons } from './copy.ts'
import { markPlace } from './places.ts'
import { prepareSearch } from './search.ts'
import { applyTheme, prepareThemeButton } from './theme.ts'

// At once, from the head: later it would flash.
applyTheme()
document.addEventListener('DOMContentLoaded', () => {
  prepareThemeButton()
  prepareSearch()
  addCopyButtons()
  markPlace()
})
