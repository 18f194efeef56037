/** `kubectl delete`: removes objects, and waits until they are gone. */
import { ApiError, type ObjectRef } from '#sandbox/client.ts'
import { until } from '#sandbox/until.ts'
import { UsageError, type Flags, type FlagNames } from '../flags.ts'
import { readObjects } from '../manifests.ts'
import type { Kind, Session } from '../session.ts'
import { pathOf } from '../table.ts'
import { readTargets } from '../targets.ts'

export const summary = 'removes objects'
export const usage =
  'kubectl delete (TYPE NAME … | -f FILE | TYPE -l …) [--now] [--force] [--grace-period N] [--wait=false]'
export const flags: FlagNames = {
  filename: { short: 'f' },
  selector: { short: 'l' },
  'field-selector': {},
  all: { isSwitch: true },
  now: { isSwitch: true },
  force: { isSwitch: true },
  'grace-period': {},
  wait: { isSwitch: true },
  'ignore-not-found': { isSwitch: true },
}

/** 0 when all that was named was there, and is gone. */
export async function run(session: Session, options: Flags): Promise<number> {
  const grace = gracePeriod(options)
  if (options.has('force')) process.stderr.write(`${FORCED}\n`)
  let exitCode = 0
  const removed: { kind: Kind; ref: ObjectRef; uid: string | undefined }[] = []
  for (const { kind, ref } of await find(session, options)) {
    try {
      const live = await session.client.find(kind, ref)
      await session.client.delete(kind, ref, { gracePeriodSeconds: grace, propagationPolicy: 'Background' })
      removed.push({ kind, ref, uid: live?.metadata.uid })
      const where = kind.namespaced ? ` from ${ref.namespace} namespace` : ''
      process.stdout.write(
        `${kind.singular} "${ref.name}" ${grace === 0 && options.has('force') ? 'force ' : ''}deleted${where}\n`,
      )
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (options.has('ignore-not-found') && ApiError.isReason(error, 'NotFound')) continue
      process.stderr.write(`Error from server (${error.status.reason}): ${error.message}\n`)
      exitCode = 1
    }
  }
  if (!options.isOff('wait')) {
    for (const { kind, ref, uid } of removed) {
      const isGone = async () => (await session.client.find(kind, ref))?.metadata.uid !== uid
      await until(isGone, { timeoutMs: 7 * 24 * 3_600_000, intervalMs: 100 })
    }
  }
  return exitCode
}

async function find(session: Session, options: Flags): Promise<{ kind: Kind; ref: ObjectRef }[]> {
  if (options.get('filename') !== undefined) {
    const objects = await readObjects(session, options)
    return objects.map(({ kind, manifest: { metadata } }) => ({
      kind,
      ref: { name: metadata.name!, namespace: metadata.namespace },
    }))
  }
  const targets = await readTargets(session, options)
  const isOpen = !options.get('selector') && !options.get('field-selector') && !options.has('all')
  const found = targets.map(async ({ kind, name }) => {
    const namespace = kind.namespaced ? session.namespace : undefined
    if (name !== undefined) return [{ kind, ref: { name, namespace } }]
    if (isOpen) throw new UsageError('resource(s) were provided, but no name was specified')
    const { items } = await session.client.json<{ items: { metadata: { name: string } }[] }>(
      'GET',
      pathOf(session, kind, undefined, options),
    )
    return items.map(({ metadata }) => ({ kind, ref: { name: metadata.name, namespace } }))
  })
  return (await Promise.all(found)).flat()
}

function gracePeriod(options: Flags): number | undefined {
  if (options.has('now')) return 1
  const typed = options.get('grace-period')
  if (typed !== undefined) {
    if (!/^-?\d+$/.test(typed)) throw new UsageError(`invalid argument "${typed}" for "--grace-period" flag`)
    if (typed === '0' && !options.has('force')) return 1
    return Number(typed) < 0 ? undefined : Number(typed)
  }
  return options.has('force') ? 0 : undefined
}

const FORCED =
  'Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.'
