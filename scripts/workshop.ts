/** Finds a command by reading commands/, runs it, prints what went wrong; its exit code is the answer. */
import { readdir } from 'node:fs/promises'
import { WorkshopError, messageOf } from '#sandbox/errors.ts'
import { print, printError } from './terminal/print.ts'

/** What every file in commands/ exports. */
export interface Command {
  /** A few words for the list of commands. */
  summary: string
  /** Its forms, one per line, each as it is typed. */
  usage: string
  /** Answers the exit code; throws a WorkshopError for what the user can mend. */
  run(args: string[]): Promise<number>
}

/** Runs the command line without its `node workshop.mjs` and answers the exit code: 2 for whatever was thrown. */
export async function main(argv: readonly string[]): Promise<number> {
  const [name, ...args] = argv
  let command: Command | undefined
  try {
    const names = await commandNames()
    if (name === undefined || name === '--help' || name === 'help') {
      print(await overview(names))
      return name === undefined ? 2 : 0
    }
    if (!names.includes(name)) {
      throw new WorkshopError(`there is no command “${name}”`, await overview(names))
    }
    command = await loadCommand(name)
    if (args.includes('--help')) {
      print(command.usage)
      return 0
    }
    return await command.run(args)
  } catch (error) {
    explain(error, command)
    return 2
  }
}

/** The names of all commands, sorted: the files of commands/. */
export async function commandNames(): Promise<string[]> {
  const files = await readdir(new URL('./commands/', import.meta.url))
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort()
}

/** Loads one of {@link commandNames}. */
export async function loadCommand(name: string): Promise<Command> {
  return (await import(new URL(`./commands/${name}.ts`, import.meta.url).href)) as Command
}

async function overview(names: string[]): Promise<string> {
  const commands = await Promise.all(names.map(loadCommand))
  const lines = commands.map(({ summary }, index) => `  npm run ${names[index]!.padEnd(18)} ${summary}`)
  return ['The commands are:', ...lines].join('\n')
}

/** What happened, then what to type. A stack is for those who ask for it with DEBUG. */
function explain(error: unknown, command: Command | undefined): void {
  if (error instanceof WorkshopError) printError(error.message, error.hint)
  else if (isOptionError(error)) printError(messageOf(error), command?.usage ?? '')
  else printError(`this is a fault of the workshop: ${messageOf(error)}`, 'DEBUG=1 shows where it happened')
  if (process.env.DEBUG) console.error(error)
}

/** What parseArgs of node:util throws for an option that it does not know, or that lacks its value. */
function isOptionError(error: unknown): boolean {
  return String((error as { code?: unknown } | null)?.code).startsWith('ERR_PARSE_ARGS')
}
