/** `kubectl create -f`: makes objects that are not there yet. */
import { collectionPath } from '#sandbox/client.ts'
import { type Flags, type FlagNames } from '../flags.ts'
import { readObjects, whileDoing } from '../manifests.ts'
import type { Session } from '../session.ts'

export const summary = 'makes the objects of a file'
export const usage = 'kubectl create -f FILE'
export const flags: FlagNames = { filename: { short: 'f' } }

/** 0 when all were made; the first refusal ends it. */
export async function run(session: Session, options: Flags): Promise<number> {
  for (const { kind, manifest, name, file } of await readObjects(session, options)) {
    const path = `${collectionPath(kind, manifest.metadata.namespace)}?fieldManager=kubectl-create&fieldValidation=Strict`
    await whileDoing('creating', file, session.client.json('POST', path, manifest))
    process.stdout.write(`${name} created\n`)
  }
  return 0
}
