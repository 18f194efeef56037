/** ObjectMeta: names, labels and annotations as Kubernetes allows them, and what the server fills in. */
import { randomInt, randomUUID } from 'node:crypto'
import { timestamp } from '../clock.ts'
import type { KubeObject, ObjectMeta } from '../objects.ts'
import type { ResourceDefinition } from './resource.ts'
import { type Cause, forbiddenField, invalidValue, required, tooLong } from './status.ts'

const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const QUALIFIED_TEXT =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const LABEL_VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

/** What is wrong with a DNS label (RFC 1123), in Kubernetes' words; `undefined` for a good one. */
export function labelProblem(name: string): string | undefined {
  if (name.length > 63) return 'must be no more than 63 characters'
  return /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name) ? undefined : LABEL_TEXT
}

/** What is wrong with a DNS subdomain (RFC 1123). */
export function subdomainProblem(name: string): string | undefined {
  if (name.length > 253) return 'must be no more than 253 characters'
  return name.split('.').every((part) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(part))
    ? undefined
    : SUBDOMAIN_TEXT
}

/** What is wrong with the key of a label or annotation. */
export function qualifiedNameProblem(key: string): string | undefined {
  const [name = '', prefix] = key.split('/').reverse()
  if (key.split('/').length > 2) {
    return `a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`
  }
  if (prefix !== undefined) {
    const problem = prefix === '' ? 'must be non-empty' : subdomainProblem(prefix)
    if (problem) return `prefix part ${problem}`
  }
  if (name.length > 63) return 'name part must be no more than 63 characters'
  return /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name) ? undefined : QUALIFIED_TEXT
}

/** Checks labels; `field` is where they stand. */
export function validateLabels(labels: Record<string, string> | undefined, field: string): Cause[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => {
    const causes: Cause[] = []
    const problem = qualifiedNameProblem(key)
    if (problem) causes.push(invalidValue(field, key, problem))
    if (value.length > 63) causes.push(invalidValue(field, value, 'must be no more than 63 characters'))
    else if (!/^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/.test(value)) {
      causes.push(invalidValue(field, value, LABEL_VALUE_TEXT))
    }
    return causes
  })
}

/** Checks the metadata of an object that is about to be stored. */
export function validateMetadata(object: KubeObject, resource: ResourceDefinition): Cause[] {
  const { name, generateName, labels, annotations = {} } = object.metadata
  const causes: Cause[] = []
  if (!name) causes.push(required('metadata.name', 'name or generateName is required'))
  else {
    const problem = resource.hasLabelName ? labelProblem(name) : subdomainProblem(name)
    if (problem)
      causes.push(invalidValue(generateName ? 'metadata.generateName' : 'metadata.name', name, problem))
  }
  causes.push(...validateLabels(labels, 'metadata.labels'))
  let size = 0
  for (const [key, value] of Object.entries(annotations)) {
    const problem = qualifiedNameProblem(key.toLowerCase())
    if (problem) causes.push(invalidValue('metadata.annotations', key, problem))
    size += key.length + Buffer.byteLength(value)
  }
  if (size > 256 * 1024) causes.push(tooLong('metadata.annotations', 256 * 1024))
  return causes
}

/** The published types call what the server fills in read-only; here is the server. */
type WritableMeta = { -readonly [Field in keyof ObjectMeta]?: ObjectMeta[Field] }

/** Fills in what every new object gets. */
export function stampNew(object: KubeObject, resource: ResourceDefinition, now: number): void {
  const metadata: WritableMeta = object.metadata
  // Letters and digits that spell no word, as Kubernetes' own generator uses.
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
  if (!metadata.name && metadata.generateName) {
    const suffix = Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join('')
    metadata.name = metadata.generateName.slice(0, 58) + suffix
  }
  metadata.uid = randomUUID()
  metadata.creationTimestamp = timestamp(now)
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.resourceVersion
  if (resource.hasGeneration) metadata.generation = 1
  else delete metadata.generation
}

/** Takes over from `previous` what no writer may change. */
export function keepSystemFields(next: KubeObject, previous: KubeObject): void {
  const fields = [
    'name',
    'namespace',
    'generateName',
    'uid',
    'resourceVersion',
    'generation',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const
  const metadata: Record<string, unknown> = { ...next.metadata }
  for (const field of fields) {
    if (previous.metadata[field] === undefined) delete metadata[field]
    else metadata[field] = previous.metadata[field]
  }
  next.metadata = metadata as unknown as ObjectMeta
}

/** Counts a change of the spec. */
export function countGeneration(next: KubeObject, previous: KubeObject): void {
  const metadata: WritableMeta = next.metadata
  metadata.generation = (previous.metadata.generation ?? 0) + 1
}

/** Finalizers may only go while an object is being deleted. */
export function validateMetadataUpdate(next: KubeObject, previous: KubeObject): Cause[] {
  if (!previous.metadata.deletionTimestamp) return []
  const before = previous.metadata.finalizers ?? []
  const added = (next.metadata.finalizers ?? []).filter((one) => !before.includes(one))
  if (added.length === 0) return []
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((one) => JSON.stringify(one)).join(', ')}}`
  return [forbiddenField('metadata.finalizers', detail)]
}
