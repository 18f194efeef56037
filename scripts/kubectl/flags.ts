/** Reads a command line as kubectl does: words, flags with and without values, and what stands behind --. */
import { parseArgs, type ParseArgsConfig } from 'node:util'

/** A flag's long name to its short one, '' for none; a value of `true` means that it takes no value. */
export type FlagNames = Record<string, { short?: string; isSwitch?: boolean }>

/** What was wrong with the command line; told behind `error: `. */
export class UsageError extends Error {}

/** A command line that was read. */
export interface Flags {
  /** All words that are no flag, but for what stands behind --. */
  words: string[]
  /** What stands behind --; `undefined` without it. */
  rest: string[] | undefined
  /** The value of a flag, the last one where it was given several times. */
  get(name: string): string | undefined
  /** Whether the flag was given, and not as =false. */
  has(name: string): boolean
  /** Whether the flag was given as =false. */
  isOff(name: string): boolean
}

const GLOBAL: FlagNames = {
  namespace: { short: 'n' },
  kubeconfig: {},
  context: {},
  help: { short: 'h', isSwitch: true },
}

/** Throws a UsageError for a flag that is not among `names`. */
export function parseFlags(args: readonly string[], names: FlagNames): Flags {
  const known = { ...GLOBAL, ...names }
  const end = args.indexOf('--')
  const own = end < 0 ? args : args.slice(0, end)
  const off = new Set<string>()
  const options = Object.fromEntries(
    Object.entries(known).map(([name, { short, isSwitch }]) => [
      name,
      { type: isSwitch ? 'boolean' : 'string', ...(short && { short }) },
    ]),
  ) as ParseArgsConfig['options']
  const switches = own.flatMap((word) => {
    const [, name = '', value] = /^--([a-z-]+)=(true|false)$/.exec(word) ?? []
    if (!known[name]?.isSwitch) return [word]
    if (value === 'false') off.add(name)
    return value === 'true' ? [`--${name}`] : []
  })
  const { values, positionals } = parse(switches, options)
  return {
    words: positionals,
    rest: end < 0 ? undefined : args.slice(end + 1),
    get: (name) => values[name] as string | undefined,
    has: (name) => values[name] !== undefined && !off.has(name),
    isOff: (name) => off.has(name),
  }
}

function parse(
  args: string[],
  options: ParseArgsConfig['options'],
): { values: Record<string, unknown>; positionals: string[] } {
  try {
    return parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    const [, flag] = /'(-[^']*?)(?: <value>)?'/.exec(String(error)) ?? []
    if (!/Unknown option/.test(String(error))) throw new UsageError(`flag needs an argument: ${flag}`)
    throw new UsageError(
      `unknown flag: ${flag}\nThis is the workshop's small kubectl: kubectl VERB --help shows what it has.`,
    )
  }
}

/** `10s`, `1m30s`, `500ms` or `0` in milliseconds. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)]
  if (text === '0') return 0
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new UsageError(`time: invalid duration "${text}"`)
  }
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * UNITS_MS[unit as 'h'], 0)
}

const UNITS_MS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }
