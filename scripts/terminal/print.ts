/** Writes to the terminal: colour only where it is welcome, and nothing in other people's text that steers it. */
import { stripVTControlCharacters, styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/**
 * Text in a style, plain where the output is no terminal or NO_COLOR is set. Words in color are magenta, red or green:
 * yellow and cyan can't be read on white, nor blue on black.
 */
export function style(format: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(format, text, { stream })
}

/** Whether lines that were written can be taken back: not in a file, and not with TERM=dumb, as screen readers like it. */
export function canRedraw(stream: NodeJS.WriteStream): boolean {
  return Boolean(stream.isTTY) && process.env.TERM !== 'dumb'
}

/** One or more lines to standard output. */
export function print(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** A line beside the answer, to standard error: the output stays fit for a machine. */
export function printNote(text: string): void {
  process.stderr.write(`${style('dim', printable(text), process.stderr)}\n`)
}

/** To standard error: what happened, then what to type next. */
export function printError(message: string, hint: string): void {
  const mark = style('red', '✗', process.stderr)
  process.stderr.write(`${mark} ${printable(message)}\n`)
  if (hint) process.stderr.write(`${indent(printable(hint), style('dim', '→ ', process.stderr), '  ')}\n`)
}

/**
 * Text from a container, a manifest or the API server, made harmless: escape sequences and control characters
 * are removed, tabs become two spaces; line ends stay.
 */
export function printable(text: string): string {
  return (
    stripVTControlCharacters(text)
      .replaceAll('\r\n', '\n')
      .replaceAll('\t', '  ')
      // Bidirectional overrides can make a line read as another one.
      .replaceAll(/[^\n\P{Cc}]|[\u202A-\u202E\u2066-\u2069]/gu, '')
  )
}

/** Puts `first` before the first line and `rest` before all others. */
export function indent(text: string, first: string, rest = first): string {
  return text
    .split('\n')
    .map((line, index) => (index === 0 ? first : rest) + line)
    .join('\n')
}
