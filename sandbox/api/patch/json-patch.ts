/** JSON Patch, RFC 6902. */
import { isDeepStrictEqual } from 'node:util'
import { isRecord } from '../decode.ts'
import { StatusError, badRequest } from '../status.ts'

interface Operation {
  op: string
  path: string
  from?: string
  value?: unknown
}

/** Applies the operations in order to a copy; 422 for one that does not fit the document, as Kubernetes answers. */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch is a list of operations')
  let result = structuredClone(document)
  for (const raw of patch as unknown[]) {
    if (!isRecord(raw) || typeof raw.op !== 'string' || typeof raw.path !== 'string') {
      throw badRequest('each operation of a JSON patch has the texts "op" and "path"')
    }
    result = applyOperation(result, raw as unknown as Operation)
  }
  return result
}

function applyOperation(document: unknown, operation: Operation): unknown {
  const { op, path, from = '', value } = operation
  switch (op) {
    case 'add':
      return edit(document, path, (parent, key) => insert(parent, key, value), value)
    case 'remove':
      return edit(document, path, (parent, key) => remove(parent, key, path))
    case 'replace':
      lookup(document, path)
      return edit(document, path, (parent, key) => assign(parent, key, value), value)
    case 'move':
    case 'copy': {
      const moved = structuredClone(lookup(document, from))
      const rest = op === 'move' ? edit(document, from, (parent, key) => remove(parent, key, from)) : document
      return edit(rest, path, (parent, key) => insert(parent, key, moved), moved)
    }
    case 'test':
      if (!isDeepStrictEqual(lookup(document, path), value)) throw failed(`testing value ${path} failed`)
      return document
    default:
      throw badRequest(`unknown JSON patch operation ${JSON.stringify(op)}`)
  }
}

type Parent = Record<string, unknown> | unknown[]

/** Runs `change` on what holds `path`; the path of the whole document gives `whole`. */
function edit(
  document: unknown,
  path: string,
  change: (parent: Parent, key: string) => void,
  whole?: unknown,
): unknown {
  const keys = keysOf(path)
  const last = keys.pop()
  if (last === undefined) return whole
  let parent = document
  for (const key of keys) parent = child(parent, key, path)
  if (!Array.isArray(parent) && !isRecord(parent)) throw missing(path)
  change(parent, last)
  return document
}

function lookup(document: unknown, path: string): unknown {
  let value = document
  for (const key of keysOf(path)) value = child(value, key, path)
  return value
}

function child(value: unknown, key: string, path: string): unknown {
  if (Array.isArray(value) && /^\d+$/.test(key) && Number(key) < value.length) return value[Number(key)]
  if (isRecord(value) && Object.hasOwn(value, key)) return value[key]
  throw missing(path)
}

function insert(parent: Parent, key: string, value: unknown): void {
  if (!Array.isArray(parent)) return assign(parent, key, value)
  const at = key === '-' ? parent.length : Number(key)
  if (!Number.isInteger(at) || at < 0 || at > parent.length) throw missing(key)
  parent.splice(at, 0, value)
}

function assign(parent: Parent, key: string, value: unknown): void {
  if (Array.isArray(parent)) parent[Number(key)] = value
  else Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true })
}

function remove(parent: Parent, key: string, path: string): void {
  child(parent, key, path)
  if (Array.isArray(parent)) parent.splice(Number(key), 1)
  else delete parent[key]
}

/** RFC 6901: `~1` is a slash, `~0` a tilde. */
function keysOf(path: string): string[] {
  if (path === '') return []
  if (!path.startsWith('/')) throw badRequest(`a JSON pointer begins with a slash: ${JSON.stringify(path)}`)
  return path
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function missing(path: string): StatusError {
  return failed(`the path ${JSON.stringify(path)} does not exist`)
}

function failed(why: string): StatusError {
  return new StatusError(
    422,
    'Invalid',
    `the server rejected our request due to an error in our request: ${why}`,
  )
}
