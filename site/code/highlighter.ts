/** Colors code at build time, in a light and a dark theme, with one class for each pair of colors. */
import { createHighlighter, type BundledLanguage, type Highlighter as Shiki } from 'shiki'

/** A piece of a line; a piece without a class has the color of plain text. */
export interface Token {
  text: string
  color?: string
}

/** What pages ask for code. */
export interface Highlighter {
  /** The lines of a text in the language of a fence or a file ending; one that is not known stays plain. */
  lines(text: string, language: string): Token[][]
  /** The rules for the classes that were given out so far. */
  css(): string
}

// Both keep 4.5:1 on a tinted ground; github-light and github-dark do not.
const THEMES = { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' } as const

/** Named, because all that Shiki knows takes half a minute to load. */
const LANGUAGES: Record<string, BundledLanguage> = {
  ts: 'typescript',
  js: 'typescript',
  yaml: 'yaml',
  yml: 'yaml',
  json: 'json',
  sh: 'shellscript',
}

/** Loads grammars and themes; half a second. */
export async function createCodeHighlighter(): Promise<Highlighter> {
  const shiki = await createHighlighter({
    themes: Object.values(THEMES),
    langs: [...new Set(Object.values(LANGUAGES))],
  })
  const classes = new ColorClasses(shiki)
  // A file of one step is the next step's beginning.
  const known = new Map<string, Token[][]>()
  return {
    lines(text, language) {
      const lang = LANGUAGES[language]
      if (!lang) return toLines(text).map((line) => [{ text: line }])
      const key = `${lang} ${text}`
      const lines = known.get(key) ?? colorLines(shiki, classes, text, lang)
      known.set(key, lines)
      return lines
    },
    css: () => classes.css(),
  }
}

function colorLines(shiki: Shiki, classes: ColorClasses, text: string, lang: BundledLanguage): Token[][] {
  const lines = shiki.codeToTokensWithThemes(text.replace(/\n$/, ''), { lang, themes: THEMES })
  return lines.map((line) =>
    line.map(({ content, variants }) => ({
      text: content,
      // Nobody sees the color of a space.
      color: content.trim() === '' ? undefined : classes.of(variants.light?.color, variants.dark?.color),
    })),
  )
}

function toLines(text: string): string[] {
  return text.replace(/\n$/, '').split('\n')
}

/** Gives each pair of colors a class. */
class ColorClasses {
  readonly #names = new Map<string, string>()
  readonly #plain: string

  constructor(shiki: Shiki) {
    this.#plain = pair(shiki.getTheme(THEMES.light).fg, shiki.getTheme(THEMES.dark).fg)
  }

  of(light = '', dark = ''): string | undefined {
    const colors = pair(light, dark)
    if (colors === this.#plain) return undefined
    const name = this.#names.get(colors) ?? `t${this.#names.size + 1}`
    this.#names.set(colors, name)
    return name
  }

  css(): string {
    return [...this.#names].map(([colors, name]) => `.${name}{color:light-dark(${colors})}`).join('')
  }
}

function pair(light: string, dark: string): string {
  return `${light},${dark}`.toLowerCase()
}
