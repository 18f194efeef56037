/** `kubectl events`: what happened, the latest last. */
import { EVENTS } from '#sandbox/client.ts'
import type { Event } from '#sandbox/objects.ts'
import { UsageError, type Flags, type FlagNames } from '../flags.ts'
import type { Session } from '../session.ts'
import { AS_TABLE, cellsOf, layOut, pathOf, type Table } from '../table.ts'

export const summary = 'shows what happened to objects'
export const usage = 'kubectl events [--for TYPE/NAME] [-A]'
export const flags: FlagNames = {
  for: {},
  'all-namespaces': { short: 'A', isSwitch: true },
}

/** 0, also where nothing happened. */
export async function run(session: Session, options: Flags): Promise<number> {
  const kind = (await session.kindOf(EVENTS.apiVersion, EVENTS.kind))!
  const path = `${pathOf(session, kind, undefined, options)}?includeObject=Object`
  const response = await session.client.raw('GET', path, { headers: { accept: AS_TABLE } })
  const table = (await response.json()) as Table
  const rows = (table.rows ?? []).filter(await isAbout(session, options.get('for')))
  rows.sort((a, b) => lastSeen(a.object as Event) - lastSeen(b.object as Event))
  if (rows.length === 0) {
    const where = options.has('all-namespaces') ? '' : ` in ${session.namespace} namespace.`
    process.stderr.write(`No events found${where}\n`)
    return 0
  }
  const shown = { wide: false, noHeaders: false, prefix: '', namespaces: options.has('all-namespaces') }
  const cells = cellsOf({ ...table, rows }, shown)
  for (const [at, row] of rows.entries()) capitalize(cells[at + 1]!, row.object as Event)
  process.stdout.write(layOut(cells))
  return 0
}

async function isAbout(
  session: Session,
  typed: string | undefined,
): Promise<(row: { object?: unknown }) => boolean> {
  if (typed === undefined) return () => true
  const [type = '', name] = typed.split('/')
  if (!name) throw new UsageError('--for must be in resource/name form')
  const { kind } = await session.kind(type)
  return ({ object }) => {
    const { involvedObject } = object as Event
    return involvedObject.kind === kind && involvedObject.name === name
  }
}

/** `kubectl get events` says pod/web, and `kubectl events` says Pod/web. */
function capitalize(cells: string[], { involvedObject }: Event): void {
  const at = cells.findIndex(
    (cell) => cell.toLowerCase() === `${involvedObject.kind}/${involvedObject.name}`.toLowerCase(),
  )
  if (at >= 0) cells[at] = `${involvedObject.kind}/${involvedObject.name}`
}

function lastSeen({ lastTimestamp, eventTime, metadata, series }: Event): number {
  return Date.parse(
    String(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp),
  )
}
