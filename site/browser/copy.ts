/** Puts a button on commands and files that copies them. */

/** On every block that somebody may want to paste. */
export function addCopyButtons(): void {
  if (!navigator.clipboard) return
  for (const block of document.querySelectorAll<HTMLElement>(COPYABLE)) {
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'copy'
    button.textContent = 'Copy'
    button.addEventListener('click', () => void copy(block, button))
    block.after(button)
  }
}

const COPYABLE = '.sh pre, .yaml pre, .ts pre, .listing:not(.change) pre'

async function copy(block: HTMLElement, button: HTMLButtonElement): Promise<void> {
  await navigator.clipboard.writeText(block.textContent.trimEnd())
  button.textContent = 'Copied'
  setTimeout(() => (button.textContent = 'Copy'), 1_500)
}
