/** All objects of a cluster: revisions, watches, and a SQLite file behind them where one is given. */
import { DatabaseSync } from 'node:sqlite'
import type { KubeObject } from './objects.ts'

/** One change, as watches see it. `previous` is what the object was before, absent when it was created. */
export interface Change {
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  object: KubeObject
  previous?: KubeObject
  revision: number
}

/** Thrown for a watch that starts before the oldest change still remembered (HTTP 410). */
export class HistoryGone extends Error {
  readonly oldest: number

  constructor(oldest: number) {
    super(`changes before revision ${oldest} are forgotten`)
    this.name = 'HistoryGone'
    this.oldest = oldest
  }
}

/**
 * Objects by resource (`pods`, `deployments.apps`), namespace (`''` for cluster-scoped ones) and name.
 * What goes in belongs to the store and what comes out is shared: never change either.
 */
export interface Store {
  /** The revision of the latest change to anything. */
  revision(): number
  get(resource: string, namespace: string, name: string): KubeObject | undefined
  /** Sorted by namespace, then name; all namespaces without one. */
  list(resource: string, namespace?: string): KubeObject[]
  /** Stores a new object or a new version of it, and returns it with its new resourceVersion. */
  put(resource: string, object: KubeObject): KubeObject
  /** Removes an object; its last version carries the resourceVersion of the removal. */
  remove(resource: string, object: KubeObject): KubeObject
  /**
   * Calls back for each change to `resource` after revision `since`, remembered ones first and at
   * once; the returned function ends it. Throws HistoryGone.
   */
  watch(resource: string, since: number, onChange: (change: Change) => void): () => void
  close(): void
}

/** Where a store keeps its objects, and how much of the past. */
export interface StoreOptions {
  /** A SQLite database, made when it does not exist; without one all is lost at the end of the process. */
  file?: string
  /** Changes of one resource that a watch can go back to; 1000 unless told. */
  historySize?: number
}

interface Shelf {
  namespaces: Map<string, Map<string, KubeObject>>
  history: Change[]
  /** A watch must start at this revision or later. */
  oldest: number
  watchers: Set<(change: Change) => void>
}

/** Opens a store; the objects of `file` come back, the history of their changes does not. */
export function createStore(options: StoreOptions = {}): Store {
  const historySize = options.historySize ?? 1000
  const database = options.file ? openDatabase(options.file) : undefined
  const shelves = new Map<string, Shelf>()
  let revision = database?.revision() ?? 1
  const opened = revision
  for (const { resource, object } of database?.objects() ?? []) place(shelfOf(resource), object)

  function shelfOf(resource: string): Shelf {
    let shelf = shelves.get(resource)
    if (!shelf) {
      shelf = { namespaces: new Map(), history: [], oldest: opened, watchers: new Set() }
      shelves.set(resource, shelf)
    }
    return shelf
  }

  function record(shelf: Shelf, change: Change): void {
    revision = change.revision
    shelf.history.push(change)
    // Cutting a batch at a time keeps the cost of one change constant.
    if (shelf.history.length > historySize * 2) {
      const cut = shelf.history.splice(0, historySize)
      shelf.oldest = cut.at(-1)!.revision
    }
    for (const watcher of shelf.watchers) watcher(change)
  }

  return {
    revision: () => revision,
    get: (resource, namespace, name) => shelves.get(resource)?.namespaces.get(namespace)?.get(name),
    list(resource, namespace) {
      const { namespaces } = shelfOf(resource)
      const chosen = namespace === undefined ? [...namespaces.keys()].sort() : [namespace]
      return chosen.flatMap((name) => [...(namespaces.get(name)?.values() ?? [])].sort(byName))
    },
    put(resource, raw) {
      const shelf = shelfOf(resource)
      const next = revision + 1
      const object = withRevision(raw, next)
      database?.put(resource, object, next)
      const previous = place(shelf, object)
      record(shelf, { type: previous ? 'MODIFIED' : 'ADDED', object, previous, revision: next })
      return object
    },
    remove(resource, raw) {
      const shelf = shelfOf(resource)
      const next = revision + 1
      const object = withRevision(raw, next)
      database?.remove(resource, object, next)
      const namespace = object.metadata.namespace ?? ''
      const previous = shelf.namespaces.get(namespace)?.get(object.metadata.name)
      shelf.namespaces.get(namespace)?.delete(object.metadata.name)
      record(shelf, { type: 'DELETED', object, previous, revision: next })
      return object
    },
    watch(resource, since, onChange) {
      const shelf = shelfOf(resource)
      if (since < shelf.oldest) throw new HistoryGone(shelf.oldest)
      for (const change of shelf.history.slice(firstAfter(shelf.history, since))) onChange(change)
      // A wrapper of its own, so that one callback may watch twice.
      const watcher = (change: Change) => onChange(change)
      shelf.watchers.add(watcher)
      return () => shelf.watchers.delete(watcher)
    },
    close: () => database?.close(),
  }
}

function place(shelf: Shelf, object: KubeObject): KubeObject | undefined {
  const namespace = object.metadata.namespace ?? ''
  let objects = shelf.namespaces.get(namespace)
  if (!objects) shelf.namespaces.set(namespace, (objects = new Map()))
  const previous = objects.get(object.metadata.name)
  objects.set(object.metadata.name, object)
  return previous
}

function withRevision(object: KubeObject, revision: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
}

function byName(a: KubeObject, b: KubeObject): number {
  return a.metadata.name < b.metadata.name ? -1 : 1
}

/** Index of the first change after `since`, by bisection: the history is in order. */
function firstAfter(history: readonly Change[], since: number): number {
  let low = 0
  let high = history.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (history[middle]!.revision > since) high = middle
    else low = middle + 1
  }
  return low
}

/** The last revision is kept on its own: the object that carried it may have been removed. */
function openDatabase(file: string) {
  const database = new DatabaseSync(file)
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS objects (
      resource TEXT, namespace TEXT, name TEXT, json TEXT NOT NULL,
      PRIMARY KEY (resource, namespace, name)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS revision (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER NOT NULL);
  `)
  const upsert = database.prepare('INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)')
  const erase = database.prepare('DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?')
  const advance = database.prepare('INSERT OR REPLACE INTO revision VALUES (1, ?)')

  function transaction(revision: number, write: () => void): void {
    database.exec('BEGIN')
    try {
      write()
      advance.run(revision)
      database.exec('COMMIT')
    } catch (error) {
      // SQLite has rolled back by itself after some failures, such as a full disk.
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }

  return {
    revision: () => (database.prepare('SELECT value FROM revision').get()?.value as number) ?? 1,
    *objects() {
      for (const row of database.prepare('SELECT resource, json FROM objects').iterate()) {
        yield { resource: row.resource as string, object: JSON.parse(row.json as string) as KubeObject }
      }
    },
    put(resource: string, object: KubeObject, revision: number) {
      const { namespace = '', name } = object.metadata
      transaction(revision, () => upsert.run(resource, namespace, name, JSON.stringify(object)))
    },
    remove(resource: string, object: KubeObject, revision: number) {
      const { namespace = '', name } = object.metadata
      transaction(revision, () => erase.run(resource, namespace, name))
    },
    close: () => database.close(),
  }
}
