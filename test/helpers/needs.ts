/** What a test needs of the machine: it is skipped with a printed reason where that is missing, and fails in CI. */
import { describe } from 'vitest'
import { findBinary } from '#sandbox/find-binary.ts'

/** Something that a machine may lack, and the line that installs it on Debian. */
export interface Need {
  name: string
  /** Whether it is here. */
  present: boolean
  install: string
}

/** A binary on PATH. */
export function binary(name: string, install = `apt-get install ${name}`): Need {
  return { name, present: findBinary(name) !== undefined, install }
}

/** Running as root, for tests that make users or look at other users' processes. */
export const root: Need = { name: 'root', present: process.getuid?.() === 0, install: 'sudo npm test' }

/** As vitest's describe, for tests that need all of `needs`: in CI a missing one fails, elsewhere it skips aloud. */
export function describeWith(needs: readonly Need[], title: string, body: () => void): void {
  const missing = needs.filter((need) => !need.present)
  if (missing.length === 0) {
    describe(title, body)
    return
  }
  const reason = missing.map((need) => `${need.name} is missing (${need.install})`).join('; ')
  if (process.env.CI) throw new Error(`CI must not skip “${title}”: ${reason}`)
  process.stderr.write(`skipped: ${title}: ${reason}\n`)
  describe.skip(title, body)
}
