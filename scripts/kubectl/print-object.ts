/** Prints objects as -o asks: yaml, json, name, jsonpath. */
import type { KubeObject } from '#sandbox/objects.ts'
import { UsageError } from './flags.ts'
import { evaluate } from './jsonpath.ts'
import { sorted } from '#sandbox/last-applied.ts'
import type { Kind } from './session.ts'

/** The text of objects in this format; `isList` where they were not asked for by one name. */
export async function formatObjects(
  format: string,
  kind: Kind,
  objects: readonly KubeObject[],
  isList: boolean,
): Promise<string> {
  const plain = objects.map(withoutManagedFields)
  const whole = isList
    ? { apiVersion: 'v1', items: plain, kind: 'List', metadata: { resourceVersion: '' } }
    : plain[0]
  if (format === 'json') return `${JSON.stringify(sorted(whole), undefined, 4)}\n`
  if (format === 'yaml') return await toYaml(sorted(whole))
  if (format === 'name') return plain.map(({ metadata }) => `${kind.singular}/${metadata.name}\n`).join('')
  const [, template] = /^jsonpath=(.*)$/s.exec(format) ?? []
  if (template !== undefined) return evaluate(template, whole)
  const known = 'json, yaml, name, wide, jsonpath=…'
  throw new UsageError(
    `unable to match a printer suitable for the output format "${format}", allowed formats are: ${known}`,
  )
}

function withoutManagedFields({ metadata, ...object }: KubeObject): KubeObject {
  const { managedFields: _, ...rest } = metadata
  return { ...object, metadata: rest } as KubeObject
}

async function toYaml(value: unknown): Promise<string> {
  const { printYaml } = await import('#sandbox/yaml-text.ts')
  return await printYaml(value)
}
