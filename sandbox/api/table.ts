/** Objects as rows of text for `kubectl get`: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables */
import type { KubeObject } from '../objects.ts'
import type { Column, ResourceDefinition } from './resource.ts'

/** Whether the client asked for a table. */
export function wantsTable(request: Request): boolean {
  return /as=Table;v=v1;g=meta\.k8s\.io|as=Table;g=meta\.k8s\.io;v=v1/.test(
    request.headers.get('accept') ?? '',
  )
}

/** How much of each object travels with its row: `Metadata` unless told. */
export type IncludeObject = 'None' | 'Metadata' | 'Object'

/** A table of these objects. */
export function tableOf(
  resource: ResourceDefinition,
  objects: readonly KubeObject[],
  options: { now: number; include: IncludeObject; metadata: Record<string, unknown>; headings?: boolean },
): Record<string, unknown> {
  const { now, include, metadata, headings = true } = options
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: headings ? resource.columns.map(definitionOf) : [],
    rows: objects.map((object) => ({
      cells: resource.columns.map((column) => column.cell(object, now)),
      ...(include === 'None' ? {} : { object: include === 'Object' ? object : partialOf(object) }),
    })),
  }
}

function definitionOf(column: Column) {
  return {
    name: column.name,
    type: column.type ?? 'string',
    format: column.name === 'Name' ? 'name' : '',
    description: '',
    priority: column.wide ? 1 : 0,
  }
}

/** The metadata of an object, as a kind of its own. */
export function partialOf(object: KubeObject): Record<string, unknown> {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
}

/** The first column of every kind. */
export const nameColumn: Column = { name: 'Name', cell: (object) => object.metadata.name }

/** How long ago an object was made. */
export const ageColumn: Column = {
  name: 'Age',
  cell: (object, now) => ageText(object.metadata.creationTimestamp, now),
}

/** `5m12s` since an RFC 3339 time, `<unknown>` without one. */
export function ageText(time: string | undefined, now: number): string {
  return time ? durationText(now - Date.parse(time)) : '<unknown>'
}

/**
 * Milliseconds as kubectl prints an age.
 * https://github.com/kubernetes/apimachinery/blob/master/pkg/util/duration/duration.go
 */
export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (hours < 192) return two(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  const years = Math.floor(days / 365)
  return years < 8 ? two(years, 'y', days % 365, 'd') : `${years}y`
}

function two(major: number, majorUnit: string, minor: number, minorUnit: string): string {
  return minor === 0 ? `${major}${majorUnit}` : `${major}${majorUnit}${minor}${minorUnit}`
}
