/** A small kubectl for machines without one: the verbs that the lessons use, on any cluster, printed as the real one does. */
import { readdir } from 'node:fs/promises'
import { ApiError } from '#sandbox/client.ts'
import { WorkshopError, messageOf } from '#sandbox/errors.ts'
import { UsageError, parseFlags, type Flags, type FlagNames } from './flags.ts'
import { openSession, type Session } from './session.ts'

/** What every file in verbs/ exports. */
export interface Verb {
  summary: string
  usage: string
  flags: FlagNames
  /** Answers the exit code. */
  run(session: Session, flags: Flags): Promise<number>
}

/** Runs one command line and answers its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const names = await verbNames()
    const [name = 'help', ...args] = liftGlobals(argv)
    if (['help', '--help', '-h'].includes(name)) {
      process.stdout.write(await overview(names))
      return 0
    }
    if (!names.includes(name))
      throw new UsageError(`unknown command "${name}" for "kubectl"\n\n${await overview(names)}`)
    const verb = await loadVerb(name)
    const flags = parseFlags(args, verb.flags)
    if (flags.has('help')) {
      process.stdout.write(`${verb.summary}\n\nUsage:\n  ${verb.usage.replaceAll('\n', '\n  ')}\n`)
      return 0
    }
    return await verb.run(await openSession(flags), flags)
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`)
    return 1
  }
}

/** The files of verbs/. */
export async function verbNames(): Promise<string[]> {
  const files = await readdir(new URL('./verbs/', import.meta.url))
  return files.map((file) => file.replace(/\.ts$/, '')).sort()
}

/** Loads one of {@link verbNames}. */
export async function loadVerb(name: string): Promise<Verb> {
  return (await import(new URL(`./verbs/${name}.ts`, import.meta.url).href)) as Verb
}

/** `kubectl -n web get pods` is `kubectl get pods -n web`. */
function liftGlobals(argv: readonly string[]): string[] {
  const at = argv.findIndex((word, index) => !word.startsWith('-') && !TAKES_VALUE.has(argv[index - 1] ?? ''))
  return at <= 0 ? [...argv] : [argv[at]!, ...argv.slice(0, at), ...argv.slice(at + 1)]
}

const TAKES_VALUE = new Set(['-n', '--namespace', '--kubeconfig', '--context'])

async function overview(names: string[]): Promise<string> {
  const verbs = await Promise.all(names.map(loadVerb))
  const lines = verbs.map(({ summary }, index) => `  ${names[index]!.padEnd(14)} ${summary}`)
  return `This is the workshop's small kubectl. It has:\n${lines.join('\n')}\n${REAL_ONE}\n`
}

function explain(error: unknown): string {
  if (error instanceof ApiError) {
    const { reason, message } = error.status
    return reason ? `Error from server (${reason}): ${message}` : `Error from server: ${message}`
  }
  if (error instanceof UsageError) return `error: ${error.message}`
  if (error instanceof WorkshopError) return `error: ${error.message}\n${error.hint}`
  return `error: ${messageOf(error)}`
}

/** Where to get all that this one does not have. */
export const REAL_ONE = 'The real one has more: https://kubernetes.io/docs/tasks/tools/'

// Whoever reads only the beginning, as `head` does, has read enough.
process.stdout.on('error', () => process.exit(0))
process.on('SIGINT', () => process.exit(130))
process.exitCode = await main(process.argv.slice(2))
