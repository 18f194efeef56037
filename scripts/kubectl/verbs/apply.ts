/** `kubectl apply -f`: makes objects, or changes them by what has changed in the file since the last time. */
import { collectionPath, objectPath } from '#sandbox/client.ts'
import type { KubeObject, Manifest } from '#sandbox/objects.ts'
import { type Flags, type FlagNames } from '../flags.ts'
import { readObjects, whileDoing, type FileObject } from '../manifests.ts'
import type { Session } from '../session.ts'
import { LAST_APPLIED, lastApplied } from '#sandbox/last-applied.ts'

export const summary = 'makes or changes the objects of a file'
export const usage = 'kubectl apply -f FILE'
export const flags: FlagNames = { filename: { short: 'f' } }

/** 0 when all are as the file says. */
export async function run(session: Session, options: Flags): Promise<number> {
  for (const object of await readObjects(session, options)) {
    process.stdout.write(`${object.name} ${await apply(session, object)}\n`)
  }
  return 0
}

/** https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#how-apply-calculates-differences-and-merges-changes */
async function apply({ client }: Session, { kind, manifest, file }: FileObject): Promise<string> {
  const { name = '', namespace } = manifest.metadata
  const live = await client.find(kind, { name, namespace })
  const applied = annotated(manifest)
  if (!live) {
    await whileDoing(
      'creating',
      file,
      client.json('POST', `${collectionPath(kind, namespace)}${STRICT}`, applied),
    )
    return 'created'
  }
  const before = readAnnotation(live)
  const patch = difference(before, applied, live)
  if (patch === undefined) return 'unchanged'
  const path = `${objectPath(kind, { name, namespace })}${STRICT}`
  const sent = client.json('PATCH', path, patch, undefined, 'application/merge-patch+json')
  await whileDoing('applying patch to', file, sent)
  return 'configured'
}

function annotated(manifest: Manifest): Manifest {
  const annotations = { ...manifest.metadata.annotations, [LAST_APPLIED]: lastApplied(manifest) }
  return { ...manifest, metadata: { ...manifest.metadata, annotations } }
}

function readAnnotation(live: KubeObject): unknown {
  try {
    return JSON.parse(live.metadata.annotations?.[LAST_APPLIED] ?? '{}')
  } catch {
    return {}
  }
}

/** A merge patch (RFC 7386) that brings `live` to `wanted`, and takes away what only `before` had; `undefined` for none. */
function difference(before: unknown, wanted: unknown, live: unknown): unknown {
  if (!isRecord(wanted) || !isRecord(live)) return isWithin(wanted, live) ? undefined : wanted
  const earlier = isRecord(before) ? before : {}
  const entries = Object.entries(wanted).flatMap(([key, value]) => {
    const change = difference(earlier[key], value, live[key])
    return change === undefined ? [] : [[key, change] as const]
  })
  const gone = Object.keys(earlier).filter((key) => !(key in wanted) && key in live)
  const patch = Object.fromEntries([...entries, ...gone.map((key) => [key, null] as const)])
  return Object.keys(patch).length > 0 ? patch : undefined
}

/** Whether the server has all that was asked for; what it has filled in besides is its own. */
function isWithin(wanted: unknown, live: unknown): boolean {
  if (Array.isArray(wanted) && Array.isArray(live)) {
    return wanted.length === live.length && wanted.every((item, at) => isWithin(item, live[at]))
  }
  if (isRecord(wanted) && isRecord(live)) {
    return Object.entries(wanted).every(([key, value]) => isWithin(value, live[key]))
  }
  return wanted === live || (wanted === null && live === undefined)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const STRICT = '?fieldManager=kubectl-client-side-apply&fieldValidation=Strict'
