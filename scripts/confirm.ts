/** Asks the person at the terminal a question that is answered with yes or no. */
import { createInterface } from 'node:readline/promises'

/** How a command asks: `--yes` answers for the person; without a terminal there is nobody, and so no way to ask. */
export function confirmOn(yes = false): ((question: string) => Promise<boolean>) | undefined {
  if (yes) return () => Promise.resolve(true)
  return process.stdin.isTTY && process.stderr.isTTY ? ask : undefined
}

async function ask(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
  } finally {
    terminal.close()
  }
}
