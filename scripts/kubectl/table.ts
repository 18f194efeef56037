/** Prints the tables that an API server makes: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables */
import type { Session, Kind } from './session.ts'
import { UsageError, type Flags } from './flags.ts'
import { collectionPath, objectPath } from '#sandbox/client.ts'
import type { KubeObject } from '#sandbox/objects.ts'

/** The answer to a question for a Table. */
export interface Table {
  kind: string
  columnDefinitions: { name: string; priority?: number }[]
  rows?: { cells: unknown[]; object?: KubeObject }[]
  metadata?: { resourceVersion?: string }
}

/** What the server is asked to answer with. */
export const AS_TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

/** The path of one object, or of all that the selectors leave; in all namespaces with -A. */
export function pathOf({ namespace }: Session, kind: Kind, name: string | undefined, flags: Flags): string {
  const scope = kind.namespaced && !flags.has('all-namespaces') ? namespace : undefined
  if (name !== undefined) return objectPath(kind, { name, namespace: scope })
  const query = new URLSearchParams()
  for (const [flag, parameter] of SELECTORS) if (flags.get(flag)) query.set(parameter, flags.get(flag)!)
  return `${collectionPath(kind, scope)}${query.size > 0 ? `?${query}` : ''}`
}

const SELECTORS = [
  ['selector', 'labelSelector'],
  ['field-selector', 'fieldSelector'],
] as const

/** Asks for a table; throws a UsageError where the server answers with something else. */
export async function askTable(session: Session, path: string): Promise<Table> {
  const response = await session.client.raw('GET', path, { headers: { accept: AS_TABLE } })
  const table = (await response.json()) as Table
  if (table.kind !== 'Table') throw new UsageError(`the server answers with no table for ${path}`)
  return table
}

/** How to print a table. */
export interface TableOptions {
  wide: boolean
  noHeaders: boolean
  /** Each row begins with its namespace. */
  namespaces: boolean
  /** Stands before each name: `pod/`. */
  prefix: string
}

/** The cells of a table as text, the header first. */
export function cellsOf({ columnDefinitions, rows = [] }: Table, options: TableOptions): string[][] {
  const shown = columnDefinitions.flatMap(({ priority = 0 }, at) =>
    priority === 0 || options.wide ? [at] : [],
  )
  const header = shown.map((at) => columnDefinitions[at]!.name.toUpperCase())
  const body = rows.map(({ cells, object }) => {
    const texts = shown.map((at) => `${at === 0 ? options.prefix : ''}${cellText(cells[at])}`)
    return options.namespaces ? [object?.metadata.namespace ?? '', ...texts] : texts
  })
  const head = options.namespaces ? ['NAMESPACE', ...header] : header
  return options.noHeaders ? body : [head, ...body]
}

/** Columns as wide as their widest cell and three spaces; the last one as it is. */
export function layOut(rows: readonly string[][], widths: readonly number[] = widthsOf(rows)): string {
  const lines = rows.map((cells) =>
    cells.map((cell, at) => (at === cells.length - 1 ? cell : cell.padEnd(widths[at]!))).join(''),
  )
  return lines.map((line) => `${line}\n`).join('')
}

/** The widths that {@link layOut} takes for these rows. */
export function widthsOf(rows: readonly string[][]): number[] {
  const count = Math.max(0, ...rows.map((cells) => cells.length))
  return Array.from(
    { length: count },
    (_, at) => Math.max(...rows.map((cells) => (cells[at] ?? '').length)) + 3,
  )
}

/** What others wrote must not steer the terminal; only the first line of a longer text is shown, as kubectl does. */
function cellText(value: unknown): string {
  if (value === null || value === undefined) return '<none>'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const [first = '', ...more] = text.split(/[\n\r\f]/)
  return `${more.length > 0 ? `${first}...` : first}`.replaceAll('\u001B', '^[')
}
