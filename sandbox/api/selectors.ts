/** Label and field selectors: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
import type { KubeObject } from '../objects.ts'
import type { ResourceDefinition } from './resource.ts'
import { badRequest } from './status.ts'

/** Whether an object is chosen. */
export type Selector = (object: KubeObject) => boolean

/** The selector of a list or watch; `undefined` when it asks for everything. Throws a 400 for what it can't read. */
export function parseSelectors(resource: ResourceDefinition, query: URLSearchParams): Selector | undefined {
  const labels = query.get('labelSelector')
  const fields = query.get('fieldSelector')
  const selectors: Selector[] = []
  if (labels) {
    const matches = parseLabelSelector(labels)
    selectors.push((object) => matches(object.metadata.labels ?? {}))
  }
  if (fields) selectors.push(parseFieldSelector(resource, fields, labels ?? ''))
  if (selectors.length === 0) return undefined
  return (object) => selectors.every((selector) => selector(object))
}

/** Reads `app=web,tier in (a, b),!old` into a test for a set of labels; throws a 400. */
export function parseLabelSelector(text: string): (labels: Record<string, string>) => boolean {
  // A comma inside parentheses separates values, any other separates requirements.
  const requirements = text.split(/,(?![^(]*\))/).map((part) => parseRequirement(part.trim()))
  return (labels) => requirements.every((requirement) => requirement(labels))
}

function parseRequirement(text: string): (labels: Record<string, string>) => boolean {
  const set = /^([^\s!=()]+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text)
  if (set) {
    const [, key = '', operator, list = ''] = set
    const values = new Set(list.split(',').map((value) => value.trim()))
    return operator === 'in'
      ? (labels) => key in labels && values.has(labels[key]!)
      : (labels) => !(key in labels && values.has(labels[key]!))
  }
  const equality = /^([^\s!=()]+)\s*(==|=|!=)\s*([^\s!=()]*)$/.exec(text)
  if (equality) {
    const [, key = '', operator, value] = equality
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value
  }
  const existence = /^(!?)\s*([^\s!=()]+)$/.exec(text)
  if (existence) {
    const [, not, key = ''] = existence
    return (labels) => key in labels === !not
  }
  throw badRequest(
    `unable to parse requirement: found '${text}', expected: a key, '=', '!=', 'in' or 'notin'`,
  )
}

function parseFieldSelector(resource: ResourceDefinition, text: string, labels: string): Selector {
  const terms = text
    .split(',')
    .filter(Boolean)
    .map((term) => {
      const match = /^([^!=]+)(==|=|!=)(.*)$/.exec(term)
      if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
      return { field: match[1]!, negated: match[2] === '!=', value: match[3]! }
    })
  const known = Object.keys(fieldsOf(resource, { apiVersion: '', kind: '', metadata: {} } as KubeObject))
  for (const { field } of terms) {
    if (known.includes(field)) continue
    const where = `${resource.group}/${resource.version}, Resource=${resource.plural}`
    throw badRequest(
      `Unable to find "${where}" that match label selector "${labels}", field selector "${text}": field label not supported: ${field}`,
    )
  }
  return (object) => {
    const fields = fieldsOf(resource, object)
    return terms.every(({ field, negated, value }) => (fields[field] === value) !== negated)
  }
}

function fieldsOf(resource: ResourceDefinition, object: KubeObject): Record<string, string> {
  return {
    'metadata.name': object.metadata.name,
    ...(resource.namespaced ? { 'metadata.namespace': object.metadata.namespace ?? '' } : {}),
    ...resource.selectableFields?.(object),
  }
}
