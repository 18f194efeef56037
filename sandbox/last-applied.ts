/** The annotation by which `kubectl apply` remembers what it was given last, byte for byte as kubectl writes it. */
import type { Manifest } from './objects.ts'

/** https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/ */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** The value of the annotation for a manifest that has its namespace. */
export function lastApplied(manifest: Manifest): string {
  const metadata = { ...manifest.metadata, annotations: manifest.metadata.annotations ?? {} }
  const text = JSON.stringify(sorted({ ...manifest, metadata }))
  // Go writes these so that the text may stand in a web page.
  return `${text.replaceAll(/[<>&]/g, (character) => `\\u00${character.codePointAt(0)!.toString(16)}`)}\n`
}

/** A copy of plain data with the keys of each object in order, as Go prints maps. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}
