/** `kubectl get`: tables as the server makes them, or objects as -o asks. */
import { ApiError, type KubernetesClient } from '#sandbox/client.ts'
import { lines } from '#sandbox/client.ts'
import type { KubeObject } from '#sandbox/objects.ts'
import { UsageError, type Flags, type FlagNames } from '../flags.ts'
import { formatObjects } from '../print-object.ts'
import type { Session } from '../session.ts'
import {
  AS_TABLE,
  askTable,
  cellsOf,
  layOut,
  pathOf,
  widthsOf,
  type Table,
  type TableOptions,
} from '../table.ts'
import { readTargets, type Target } from '../targets.ts'

export const summary = 'shows objects'
export const usage = `kubectl get TYPE [NAME …] [-o wide|yaml|json|name|jsonpath=…] [-w] [-A] [-l …] [--field-selector …] [--no-headers]
kubectl get --raw PATH`
export const flags: FlagNames = {
  output: { short: 'o' },
  watch: { short: 'w', isSwitch: true },
  'all-namespaces': { short: 'A', isSwitch: true },
  selector: { short: 'l' },
  'field-selector': {},
  'no-headers': { isSwitch: true },
  'ignore-not-found': { isSwitch: true },
  raw: {},
}

/** 0 when all that was asked for was there. */
export async function run(session: Session, options: Flags): Promise<number> {
  const raw = options.get('raw')
  if (raw !== undefined) return await printRaw(session.client, raw)
  const targets = await readTargets(session, options)
  const format = options.get('output')
  if (format !== undefined && format !== 'wide') return await printObjects(session, targets, format, options)
  const refusals: ApiError[] = []
  let printed = 0
  for (const kind of new Set(targets.map((target) => target.kind))) {
    const same = targets.filter((target) => target.kind === kind)
    printed += await printTable(session, same, { options, refusals, before: printed, all: targets })
  }
  const isNamed = targets.some(({ name }) => name !== undefined)
  if (printed === 0 && !isNamed && refusals.length === 0 && !options.has('watch')) {
    const where =
      options.has('all-namespaces') || !targets[0]!.kind.namespaced
        ? ''
        : ` in ${session.namespace} namespace.`
    process.stderr.write(`No resources found${where}\n`)
  }
  for (const { status, message } of refusals)
    process.stderr.write(`Error from server (${status.reason}): ${message}\n`)
  return refusals.length > 0 ? 1 : 0
}

async function printRaw(client: KubernetesClient, path: string): Promise<number> {
  const response = await client.raw('GET', path.startsWith('/') ? path : `/${path}`, {
    headers: { accept: '*/*' },
  })
  for await (const chunk of response.body ?? []) process.stdout.write(chunk)
  return 0
}

/** What all tables of one command share. */
interface Printing {
  options: Flags
  /** What was refused so far; it is told behind all tables. */
  refusals: ApiError[]
  /** Rows that were printed before. */
  before: number
  all: Target[]
}

/** One table for objects of one kind; answers how many rows it has. */
async function printTable(session: Session, targets: Target[], printing: Printing): Promise<number> {
  const { options, before, all } = printing
  const [{ kind }] = targets as [Target]
  const tables: Table[] = []
  for (const { name } of targets) {
    const table = await unlessRefused(askTable(session, pathOf(session, kind, name, options)), printing)
    if (table) tables.push(table)
  }
  const [first] = tables
  if (!first) return 0
  const shown: TableOptions = {
    wide: options.get('output') === 'wide',
    noHeaders: options.has('no-headers'),
    namespaces: options.has('all-namespaces') && kind.namespaced,
    prefix: new Set(all.map((target) => target.kind)).size > 1 ? `${kind.singular}/` : '',
  }
  const table: Table = { ...first, rows: tables.flatMap(({ rows = [] }) => rows) }
  const count = table.rows!.length
  const rows = cellsOf(table, shown)
  if (count > 0) process.stdout.write((before > 0 ? '\n' : '') + layOut(rows))
  if (options.has('watch'))
    await follow(session, targets[0]!, options, shown, first, widthsOf(rows), count === 0)
  return count
}

async function unlessRefused<T>(asked: Promise<T>, { options, refusals }: Printing): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    if (!options.has('ignore-not-found') || !ApiError.isReason(error, 'NotFound')) refusals.push(error)
    return undefined
  }
}

async function follow(
  session: Session,
  { kind, name }: Target,
  options: Flags,
  shown: TableOptions,
  { metadata, columnDefinitions }: Table,
  widths: number[],
  isHeadMissing: boolean,
): Promise<void> {
  const path = new URL(pathOf(session, kind, undefined, options), 'http://cluster')
  path.searchParams.set('watch', 'true')
  if (metadata?.resourceVersion) path.searchParams.set('resourceVersion', metadata.resourceVersion)
  if (name !== undefined) path.searchParams.set('fieldSelector', `metadata.name=${name}`)
  const headers = { accept: AS_TABLE }
  let isFirst = isHeadMissing
  for await (const line of lines(
    await session.client.raw('GET', `${path.pathname}${path.search}`, { headers }),
  )) {
    const { object } = JSON.parse(line) as { object: Table }
    if (object.kind !== 'Table' || !object.rows?.length) continue
    const table = { ...object, columnDefinitions: object.columnDefinitions ?? columnDefinitions }
    const rows = cellsOf(table, { ...shown, noHeaders: !isFirst || shown.noHeaders })
    const fitting = isFirst
      ? widthsOf(rows)
      : widths.map((width, at) => Math.max(width, (rows[0]![at] ?? '').length + 3))
    if (isFirst) widths.splice(0, widths.length, ...fitting)
    process.stdout.write(layOut(rows, fitting))
    isFirst = false
  }
}

async function printObjects(
  session: Session,
  targets: Target[],
  format: string,
  options: Flags,
): Promise<number> {
  const [first] = targets
  if (!first || targets.some(({ kind }) => kind !== first.kind))
    throw new UsageError(`-o ${format} takes one type here`)
  const asked = targets.map(async ({ kind, name }) => {
    const answer = await session.client.json<KubeObject & { items?: KubeObject[] }>(
      'GET',
      pathOf(session, kind, name, options),
    )
    const { apiVersion, kind: word } = kind
    return name === undefined
      ? (answer.items ?? []).map((item) => ({ ...item, apiVersion, kind: word }))
      : [answer]
  })
  const objects = await Promise.all(asked)
  const isList = targets.length > 1 || first.name === undefined
  process.stdout.write(await formatObjects(format, first.kind, objects.flat(), isList))
  return 0
}
