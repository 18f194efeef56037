/** Which objects a command line names: `pod web db`, `pod/web`, `pods -l app=web`. */
import { UsageError, type Flags } from './flags.ts'
import type { Kind, Session } from './session.ts'

/** One kind, and one of its objects, or all that the selectors leave. */
export interface Target {
  kind: Kind
  name?: string
}

/** Throws a UsageError where no kind is named. */
export async function readTargets(session: Session, { words }: Flags): Promise<Target[]> {
  const [first, ...names] = words
  if (first === undefined)
    throw new UsageError('you must specify the type of resource, as in: kubectl get pods')
  if (first.includes('/')) {
    return await Promise.all(
      words.map(async (word) => {
        const [type = '', name = ''] = word.split('/')
        return { kind: await session.kind(type), name }
      }),
    )
  }
  const kinds = await Promise.all(first.split(',').map((type) => session.kind(type)))
  if (names.length === 0) return kinds.map((kind) => ({ kind }))
  return kinds.flatMap((kind) => names.map((name) => ({ kind, name })))
}
