/** Rules that more than one part of a pod obeys. */
import { type Cause, duplicate, invalidValue, required, unsupported } from '../status.ts'

/** Checks a field against the values it may have, in the order in which Kubernetes lists them. */
export function oneOf(field: string, value: string | undefined, supported: readonly string[]): Cause[] {
  if (value === undefined || value === '') return [required(field)]
  return supported.includes(value) ? [] : [unsupported(field, value, supported)]
}

/** Refuses what stands twice. */
export function unique<T>(
  items: readonly T[],
  nameOf: (item: T) => unknown,
  fieldOf: (at: number) => string,
): Cause[] {
  const seen = new Set<unknown>()
  return items.flatMap((item, at) => {
    const name = nameOf(item)
    if (!name) return []
    if (seen.has(name)) return [duplicate(fieldOf(at), name)]
    seen.add(name)
    return []
  })
}

/** A TCP port, 1 to 65535. */
export function validatePort(port: number, field: string): Cause[] {
  return port >= 1 && port <= 65535
    ? []
    : [invalidValue(field, port, 'must be between 1 and 65535, inclusive')]
}

/** A path inside a volume. */
export function validateRelativePath(path: string, field: string): Cause[] {
  if (path.startsWith('/')) return [invalidValue(field, path, 'must be a relative path')]
  if (path.split('/').includes('..')) return [invalidValue(field, path, "must not contain '..'")]
  return []
}
