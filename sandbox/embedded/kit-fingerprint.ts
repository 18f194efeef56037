/** Tells one state of the kit's code from another, so that a cluster left running from an older one is noticed. */
import { createHash } from 'node:crypto'
import { glob, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SANDBOX = fileURLToPath(new URL('..', import.meta.url))

/** Changes with every file of sandbox/ that is added, removed or saved, and with the place of the whole. */
export async function kitFingerprint(): Promise<string> {
  const files: string[] = []
  for await (const file of glob('**/*.{ts,pl,json,sh,conf}', { cwd: SANDBOX })) files.push(file)
  const stats = await Promise.all(files.sort().map((file) => stat(join(SANDBOX, file))))
  const lines = stats.map(({ size, mtimeMs }, index) => `${files[index]} ${size} ${mtimeMs}`)
  return createHash('sha256')
    .update(`${SANDBOX}\n${lines.join('\n')}`)
    .digest('hex')
}
