/** JSON Merge Patch, RFC 7396. */
import { isRecord } from '../decode.ts'

/** The target with the patch merged in, as a new value; null removes. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch
  const merged = new Map(Object.entries(isRecord(target) ? target : {}))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key)
    else merged.set(key, applyMergePatch(merged.get(key), value))
  }
  // Not by assignment: a key named __proto__ must stay a key.
  return Object.fromEntries(merged)
}
