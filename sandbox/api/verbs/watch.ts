/** The verb watch: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes */
import type { KubeObject } from '../../objects.ts'
import { type Change, HistoryGone } from '../../store.ts'
import { includeOf, jsonOf } from '../answer.ts'
import { type ApiContext, apiVersionOf } from '../resource.ts'
import type { Route } from '../route.ts'
import { type Selector, parseSelectors } from '../selectors.ts'
import { StatusError, badRequest, qualified } from '../status.ts'
import { tableOf, wantsTable } from '../table.ts'

/** A watcher this many events behind is cut off, and lists anew. */
const MAX_QUEUED_EVENTS = 10_000
const BOOKMARK_INTERVAL_MS = 60_000

/** GET of a collection with `watch`: an endless body of JSON lines. */
export function watchObjects(api: ApiContext, route: Route, request: Request): Response {
  const { resource, query } = route
  const selector = parseSelectors(resource, query)
  const start = readStart(query)
  const encode = encoder(api, route, request)
  let stop: (() => void) | undefined
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        stop = follow(api, route, { selector, start, encode, controller, signal: request.signal })
      },
      cancel: () => stop?.(),
    },
    { highWaterMark: MAX_QUEUED_EVENTS },
  )
  return new Response(body, { headers: { 'content-type': 'application/json' } })
}

type Encode = (type: string, object: KubeObject) => string

interface Following {
  selector: Selector | undefined
  start: ReturnType<typeof readStart>
  encode: Encode
  controller: ReadableStreamDefaultController<Uint8Array>
  signal: AbortSignal
}

function follow(api: ApiContext, route: Route, following: Following): () => void {
  const { selector, start, encode, controller, signal } = following
  const utf8 = new TextEncoder()
  const stops: (() => void)[] = []
  let ended = false

  /** The stream may be closed already, by a reader who has had enough. */
  function release(): void {
    ended = true
    signal.removeEventListener('abort', end)
    for (const stop of stops) stop()
  }
  function end(): void {
    if (ended) return
    release()
    controller.close()
  }
  function send(line: string): void {
    if (ended) return
    controller.enqueue(utf8.encode(line))
    if ((controller.desiredSize ?? 0) <= 0) end()
  }
  function bookmark(annotations?: Record<string, string>): void {
    send(encode('BOOKMARK', bookmarkOf(route, api.store.revision(), annotations)))
  }
  function remind(): void {
    const cancel = api.clock.schedule(BOOKMARK_INTERVAL_MS, () => {
      stops.splice(stops.indexOf(cancel), 1)
      bookmark()
      if (!ended) remind()
    })
    stops.push(cancel)
  }

  if (start.initial) {
    for (const object of api.store.list(qualified(route.resource), route.namespace)) {
      if (!selector || selector(object)) send(encode('ADDED', object))
    }
    if (start.bookmarkInitial) bookmark({ 'k8s.io/initial-events-end': 'true' })
  }
  try {
    const since = start.initial ? api.store.revision() : start.since
    stops.push(
      api.store.watch(qualified(route.resource), since, (change) => {
        if (route.namespace && change.object.metadata.namespace !== route.namespace) return
        const type = visibleType(change, selector)
        if (type) send(encode(type, change.object))
      }),
    )
  } catch (error) {
    if (!(error instanceof HistoryGone)) throw error
    send(`${JSON.stringify({ type: 'ERROR', object: expired(start.since, error.oldest).status })}\n`)
    end()
    return release
  }
  const timeoutSeconds = Number(route.query.get('timeoutSeconds') ?? 0)
  if (timeoutSeconds > 0) stops.push(api.clock.schedule(timeoutSeconds * 1000, end))
  if (route.query.get('allowWatchBookmarks') === 'true') remind()
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  return release
}

/** With a selector, an object appears when it begins to match and is deleted when it ceases to. */
function visibleType({ type, object, previous }: Change, selector?: Selector): Change['type'] | undefined {
  if (!selector) return type
  const did = previous !== undefined && selector(previous)
  if (type === 'DELETED') return did || selector(object) ? 'DELETED' : undefined
  const does = selector(object)
  if (does) return did ? 'MODIFIED' : 'ADDED'
  return did ? 'DELETED' : undefined
}

function readStart(query: URLSearchParams) {
  const text = query.get('resourceVersion') ?? ''
  const sendInitialEvents = query.get('sendInitialEvents')
  if (!/^\d*$/.test(text)) {
    throw badRequest(`Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing: invalid syntax`)
  }
  if (sendInitialEvents === 'true' && query.get('resourceVersionMatch') !== 'NotOlderThan') {
    throw badRequest('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
  }
  const since = Number(text || 0)
  return {
    since,
    initial: sendInitialEvents === null ? since === 0 : sendInitialEvents === 'true',
    bookmarkInitial: sendInitialEvents === 'true' && query.get('allowWatchBookmarks') === 'true',
  }
}

function expired(since: number, oldest: number): StatusError {
  return new StatusError(410, 'Expired', `too old resource version: ${since} (${oldest})`)
}

function bookmarkOf({ resource }: Route, revision: number, annotations?: Record<string, string>): KubeObject {
  return {
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    metadata: {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(annotations ? { annotations } : {}),
    },
  } as unknown as KubeObject
}

/** One line per event; as a table, only the first row brings the headings along. */
function encoder(api: ApiContext, { resource }: Route, request: Request): Encode {
  if (!wantsTable(request)) return (type, object) => `{"type":"${type}","object":${jsonOf(object)}}\n`
  let headings = true
  const include = includeOf(request)
  return (type, object) => {
    const metadata = { resourceVersion: object.metadata.resourceVersion }
    const rows = type === 'BOOKMARK' ? [] : [object]
    const table = tableOf(resource, rows, { now: api.clock.now(), include, metadata, headings })
    // A bookmark's annotations travel in the row's object.
    if (type === 'BOOKMARK') table.rows = [{ cells: resource.columns.map(() => ''), object }]
    headings = false
    return `${JSON.stringify({ type, object: table })}\n`
  }
}
