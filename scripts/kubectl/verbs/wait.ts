/** `kubectl wait`: until a condition holds. */
import { until } from '#sandbox/until.ts'
import type { KubeObject } from '#sandbox/objects.ts'
import { UsageError, parseDuration, type Flags, type FlagNames } from '../flags.ts'
import { evaluate } from '../jsonpath.ts'
import type { Kind, Session } from '../session.ts'
import { pathOf } from '../table.ts'
import { readTargets } from '../targets.ts'

export const summary = 'waits for a condition'
export const usage =
  'kubectl wait TYPE/NAME --for=condition=Ready|delete|create|jsonpath=…=… [--timeout 30s] [-l …] [--all]'
export const flags: FlagNames = {
  for: {},
  timeout: {},
  selector: { short: 'l' },
  'field-selector': {},
  all: { isSwitch: true },
}

/** 0 when it holds for all of them; 1 at the deadline. */
export async function run(session: Session, options: Flags): Promise<number> {
  const wanted = options.get('for')
  if (!wanted)
    throw new UsageError('--for is required: condition=Ready, delete, create or jsonpath={…}=value')
  const holds = parseCondition(wanted)
  const timeoutMs = parseDuration(options.get('timeout') ?? '30s')
  let exitCode = 0
  for (const { kind, name } of await find(session, options)) {
    const ref = { name, namespace: kind.namespaced ? session.namespace : undefined }
    // Who waits for a condition of what is not there has mistyped its name.
    if (!/^(delete|create)$/.test(wanted)) await session.client.get(kind, ref)
    const isSo = async () => holds(await session.client.find(kind, ref))
    if (await until(isSo, { timeoutMs, intervalMs: 100 })) {
      process.stdout.write(`${kind.singular}/${name} condition met\n`)
    } else {
      process.stderr.write(`error: timed out waiting for the condition on ${kind.qualified}/${name}\n`)
      exitCode = 1
    }
  }
  return exitCode
}

async function find(session: Session, options: Flags): Promise<{ kind: Kind; name: string }[]> {
  const found = (await readTargets(session, options)).map(async ({ kind, name }) => {
    if (name !== undefined) return [{ kind, name }]
    const { items } = await session.client.json<{ items: KubeObject[] }>(
      'GET',
      pathOf(session, kind, undefined, options),
    )
    return items.map(({ metadata }) => ({ kind, name: metadata.name }))
  })
  const all = (await Promise.all(found)).flat()
  if (all.length === 0) throw new UsageError('no matching resources found')
  return all
}

function parseCondition(text: string): (object: KubeObject | undefined) => boolean {
  if (text === 'delete') return (object) => object === undefined
  if (text === 'create') return (object) => object !== undefined
  const [, type, status = 'True'] = /^condition=([^=]+)(?:=(.+))?$/.exec(text) ?? []
  if (type) return (object) => conditionOf(object, type)?.toLowerCase() === status.toLowerCase()
  const [, path, value] = /^jsonpath='?(\{.*?\})'?(?:=(.*))?$/.exec(text) ?? []
  if (!path) throw new UsageError(`unrecognized condition: "${text}"`)
  return (object) => {
    const found = object === undefined ? '' : evaluate(path, object)
    return value === undefined ? found !== '' : found === value
  }
}

function conditionOf(object: KubeObject | undefined, type: string): string | undefined {
  const { conditions = [] } = (object?.status ?? {}) as { conditions?: { type: string; status: string }[] }
  return conditions.find((condition) => condition.type.toLowerCase() === type.toLowerCase())?.status
}
