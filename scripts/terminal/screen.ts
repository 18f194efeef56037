/** A terminal with text that scrolls, and below it a status that is redrawn in place; gives the terminal back whole. */
import type { ReadStream, WriteStream } from 'node:tty'
import { canRedraw } from './print.ts'

/** Where the screen is. */
export interface ScreenOptions {
  input: ReadStream
  output: WriteStream
  /** One key as it was typed: a letter in lower case, or the bytes of a special key. */
  key(key: string): void
}

/** Takes the keyboard until {@link Screen.close}; that also happens when the process ends in any other way. */
export class Screen {
  readonly #options: ScreenOptions
  #status: string[] = []
  #drawn = 0
  #isOpen = false

  constructor(options: ScreenOptions) {
    this.#options = options
  }

  get columns(): number {
    return this.#options.output.columns || 80
  }

  open(): void {
    const { input, output } = this.#options
    this.#isOpen = true
    input.setRawMode(true)
    input.setEncoding('utf8')
    input.resume()
    input.on('data', this.#onData)
    output.on('resize', this.#redraw)
    process.on('exit', this.close)
  }

  /** Adds lines above the status. */
  print(...lines: string[]): void {
    this.#write(lines.map((line) => `${line}\n`).join(''))
  }

  /** Replaces the status; each line must fit the columns. Where nothing can be redrawn, what is new of it is added. */
  show(status: string[]): void {
    if (status.join('\n') === this.#status.join('\n')) return
    const added = status.filter((line) => !this.#status.includes(line))
    this.#status = status
    if (canRedraw(this.#options.output)) this.#write('')
    else this.print(...added)
  }

  /** Removes the status and gives the keyboard back. Idempotent. */
  readonly close = (): void => {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.show([])
    const { input, output } = this.#options
    input.off('data', this.#onData)
    output.off('resize', this.#redraw)
    process.off('exit', this.close)
    input.setRawMode(false)
    input.pause()
  }

  readonly #onData = (text: Buffer | string): void => {
    const typed = String(text)
    // An arrow key is one escape sequence; letters typed quickly arrive together.
    const keys = typed.startsWith('\u001B') ? [typed] : [...typed]
    for (const key of keys) this.#options.key(key.toLowerCase())
  }

  readonly #redraw = (): void => this.#write('')

  /** One write, so that the terminal never shows the screen without its status. */
  #write(text: string): void {
    const { output } = this.#options
    if (!canRedraw(output)) return void output.write(text)
    const erase = this.#drawn > 0 ? `\u001B[${this.#drawn}F\u001B[J` : ''
    // What scrolled out of the window can't be erased any more.
    const status = this.#status.slice(-Math.max(1, (output.rows || 24) - 1))
    this.#drawn = status.length
    output.write(erase + text + status.map((line) => `${line}\n`).join(''))
  }
}
