/** `kubectl version`: of this small one, and of the server. */
import { type Flags, type FlagNames } from '../flags.ts'
import type { Session } from '../session.ts'

export const summary = 'shows the version of the server'
export const usage = 'kubectl version [--client]'
export const flags: FlagNames = { client: { isSwitch: true } }

/** 0 when the server answered. */
export async function run({ client }: Session, options: Flags): Promise<number> {
  process.stdout.write("Client Version: the workshop's small kubectl\n")
  if (options.has('client')) return 0
  const { gitVersion } = await client.json<{ gitVersion: string }>('GET', '/version')
  process.stdout.write(`Server Version: ${gitVersion}\n`)
  return 0
}
