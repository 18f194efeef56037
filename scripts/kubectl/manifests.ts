/** Reads the objects that -f names: a file, a folder, or - for standard input. */
import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { ApiError } from '#sandbox/client.ts'
import { parseManifests } from '#sandbox/course/manifests.ts'
import type { Manifest } from '#sandbox/objects.ts'
import { UsageError, type Flags } from './flags.ts'
import type { Kind, Session } from './session.ts'
import { sorted } from '#sandbox/last-applied.ts'

/** An object of a file, and where it lives in the API. */
export interface FileObject {
  kind: Kind
  manifest: Manifest
  file: string
  /** `pod/web`, as messages name it. */
  name: string
}

/** Throws a UsageError for what is no manifest, or of no kind that the cluster serves. */
export async function readObjects(session: Session, flags: Flags): Promise<FileObject[]> {
  const path = flags.get('filename')
  if (path === undefined) throw new UsageError('must specify -f')
  const { objects, problems } = await parseManifests(await readFiles(path))
  const [problem] = problems
  if (problem) throw new UsageError(`error parsing ${problem.file}: ${problem.what}`)
  if (objects.length === 0) throw new UsageError('no objects passed to apply')
  return await Promise.all(objects.map(({ manifest, file }) => place(session, manifest, file)))
}

/** Says of a refusal which file it is about, as kubectl does. */
export async function whileDoing<T>(what: string, file: string, action: Promise<T>): Promise<T> {
  try {
    return await action
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const message = `error when ${what} "${file}": ${error.status.message}`
    throw new ApiError({ ...error.status, message })
  }
}

async function place(session: Session, manifest: Manifest, file: string): Promise<FileObject> {
  const kind = await session.kindOf(manifest.apiVersion, manifest.kind).catch(() => undefined)
  if (!kind) {
    const what = `no matches for kind "${manifest.kind}" in version "${manifest.apiVersion}"`
    throw new UsageError(
      `resource mapping not found for name: "${manifest.metadata.name}" namespace: "" from "${file}": ${what}`,
    )
  }
  const namespace = kind.namespaced ? (manifest.metadata.namespace ?? session.namespace) : undefined
  const metadata = { ...manifest.metadata, ...(namespace && { namespace }) }
  return {
    kind,
    file,
    manifest: sorted({ ...manifest, metadata }) as Manifest,
    name: `${kind.singular}/${metadata.name}`,
  }
}

async function readFiles(path: string): Promise<Map<string, string>> {
  if (path === '-') return new Map([['STDIN.yaml', await text(process.stdin)]])
  try {
    if (!(await stat(path)).isDirectory())
      return new Map([[path.replace(/\.json$/, '.yaml'), await readFile(path, 'utf8')]])
    const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort()
    const files = names.map(
      async (name) => [name.replace(/json$/, 'yaml'), await readFile(join(path, name), 'utf8')] as const,
    )
    return new Map(await Promise.all(files))
  } catch {
    throw new UsageError(`the path "${path}" does not exist`)
  }
}
