/** Writes the schemas of every served kind, from the models of @kubernetes/client-node. */
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { loadResources } from '#sandbox/api/resource.ts'
import type { Schema } from '#sandbox/api/openapi.ts'

export const summary = 'rebuild the OpenAPI schemas after a kind was added'
export const usage = 'node scripts/workshop.mjs generate-openapi'

/** A field as the generated classes describe it. */
interface Attribute {
  baseName: string
  type: string
  format: string
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const META_MODELS =
  /^V1(ObjectMeta|ListMeta|LabelSelector|LabelSelectorRequirement|OwnerReference|ManagedFieldsEntry|Condition|Status|StatusCause|StatusDetails)$/

/** `type.field` -> what lists merge by; the models do not say it, Kubernetes' own types do. */
const LIST_KEYS: Record<string, { keys: string[]; patchKey?: string | null; strategy?: string }> = {
  'ObjectMeta.ownerReferences': { keys: ['uid'] },
  'PodSpec.containers': { keys: ['name'] },
  'PodSpec.initContainers': { keys: ['name'] },
  'PodSpec.ephemeralContainers': { keys: ['name'] },
  'PodSpec.volumes': { keys: ['name'], strategy: 'merge,retainKeys' },
  'PodSpec.imagePullSecrets': { keys: ['name'] },
  'PodSpec.hostAliases': { keys: ['ip'] },
  'PodSpec.topologySpreadConstraints': {
    keys: ['topologyKey', 'whenUnsatisfiable'],
    patchKey: 'topologyKey',
  },
  'PodSpec.resourceClaims': { keys: ['name'], strategy: 'merge,retainKeys' },
  'PodSpec.schedulingGates': { keys: ['name'] },
  'Container.ports': { keys: ['containerPort', 'protocol'], patchKey: 'containerPort' },
  'Container.env': { keys: ['name'] },
  'Container.volumeMounts': { keys: ['mountPath'] },
  'Container.volumeDevices': { keys: ['devicePath'] },
  'EphemeralContainer.ports': { keys: ['containerPort', 'protocol'], patchKey: 'containerPort' },
  'EphemeralContainer.env': { keys: ['name'] },
  'EphemeralContainer.volumeMounts': { keys: ['mountPath'] },
  'EphemeralContainer.volumeDevices': { keys: ['devicePath'] },
  'ResourceRequirements.claims': { keys: ['name'], patchKey: null },
  'PodStatus.conditions': { keys: ['type'] },
  'PodStatus.podIPs': { keys: ['ip'] },
  'PodStatus.hostIPs': { keys: ['ip'] },
  'NodeSpec.podCIDRs': { keys: [], strategy: 'merge' },
  'NodeStatus.addresses': { keys: ['type'] },
  'NodeStatus.conditions': { keys: ['type'] },
  'NamespaceStatus.conditions': { keys: ['type'] },
  'ServiceAccount.secrets': { keys: ['name'] },
  'ServiceAccount.imagePullSecrets': { keys: ['name'], patchKey: null },
  'ServiceSpec.ports': { keys: ['port', 'protocol'], patchKey: 'port' },
  'ServiceStatus.conditions': { keys: ['type'] },
  'DeploymentStatus.conditions': { keys: ['type'] },
  'ReplicaSetStatus.conditions': { keys: ['type'] },
  'DaemonSetStatus.conditions': { keys: ['type'] },
  'JobStatus.conditions': { keys: ['type'] },
  'EndpointSlice.endpoints': { keys: [] },
  'EndpointSlice.ports': { keys: [] },
  'MutatingWebhookConfiguration.webhooks': { keys: ['name'] },
  'ValidatingWebhookConfiguration.webhooks': { keys: ['name'] },
}

/** Lists of plain values that merge as sets. */
const SETS = new Set(['ObjectMeta.finalizers'])
/** Structs that are replaced as a whole by `retainKeys`. */
const RETAIN_KEYS = new Set(['DeploymentSpec.strategy'])
/** Maps and fields of quantities, which the models call strings. */
const QUANTITIES =
  /^(ResourceRequirements|VolumeResourceRequirements)\.(limits|requests)$|^(NodeStatus|ContainerStatus|PodStatus|PodSpec)\.(capacity|allocatable|allocatedResources|overhead)$|\.(sizeLimit|divisor)$/
/** Structs that are one value to a merge. */
const ATOMIC = new Set(['LabelSelector', 'ObjectReference', 'NodeSelector', 'NodeSelectorTerm'])

/** Writes sandbox/api/openapi/schemas.json. */
export async function run(): Promise<number> {
  const schemas = await generateSchemas()
  const file = new URL('../../sandbox/api/openapi/schemas.json', import.meta.url)
  await writeFile(file, `${JSON.stringify(schemas, undefined, 1)}\n`)
  process.stdout.write(`${Object.keys(schemas).length} schemas written to sandbox/api/openapi/schemas.json\n`)
  return 0
}

/** The schemas of every served kind and all that they reach, sorted by name. */
export async function generateSchemas(): Promise<Record<string, Schema>> {
  const models = dirname(createRequire(import.meta.url).resolve('@kubernetes/client-node'))
  const generator = createGenerator(join(models, 'gen', 'models'))
  // Core first: what a later group shares with it belongs to it.
  for (const { group, version, kind } of await loadResources()) {
    const name = await generator.add(modelOf(kind, version), prefixOf(group, version))
    generator.schemas[name]!['x-kubernetes-group-version-kind'] = [{ group, kind, version }]
  }
  return Object.fromEntries(Object.entries(generator.schemas).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function modelOf(kind: string, version: string): string {
  return kind === 'Event' ? 'CoreV1Event' : `V${version.slice(1)}${kind}`
}

function prefixOf(group: string, version: string): string {
  return `io.k8s.api.${group === '' ? 'core' : group.replace('.k8s.io', '')}.${version}`
}

function createGenerator(folder: string) {
  const schemas: Record<string, Schema> = {
    [`${META}.Time`]: { type: 'string', format: 'date-time', description: TIME },
    [`${META}.MicroTime`]: { type: 'string', format: 'date-time', description: MICRO_TIME },
    'io.k8s.apimachinery.pkg.api.resource.Quantity': {
      description: QUANTITY,
      oneOf: [{ type: 'string' }, { type: 'number' }],
    },
    'io.k8s.apimachinery.pkg.util.intstr.IntOrString': {
      description: INT_OR_STRING,
      format: 'int-or-string',
      oneOf: [{ type: 'integer' }, { type: 'string' }],
    },
    [`${META}.FieldsV1`]: { type: 'object', description: 'FieldsV1 stores a set of fields as a JSON tree.' },
  }
  const names = new Map<string, string>()

  async function add(model: string, prefix: string): Promise<string> {
    const known = names.get(model)
    if (known) return known
    const short = model.replace(/^(Core)?V\d+((alpha|beta)\d+)?/, '')
    const name = `${META_MODELS.test(model) ? META : prefix}.${short}`
    names.set(model, name)
    const loaded = (await import(join(folder, `${model}.js`))) as Record<
      string,
      { attributeTypeMap: Attribute[] }
    >
    const docs = await readDocs(join(folder, `${model}.d.ts`))
    const properties: Record<string, Schema> = {}
    const schema: Schema = { description: docs.description, type: 'object', properties }
    schemas[name] = schema
    if (ATOMIC.has(short)) schema['x-kubernetes-map-type'] = 'atomic'
    for (const attribute of loaded[model]!.attributeTypeMap) {
      const field = `${short}.${attribute.baseName}`
      const doc = docs.fields.get(attribute.baseName)
      const type = await typeOf(attribute.type, attribute.format, field, prefix)
      // The models drop what is said of a field beside a reference: what is said of its type must do.
      const target = type.allOf?.[0]?.$ref?.slice('#/components/schemas/'.length)
      const description = doc?.description || (target && schemas[target]?.description)
      properties[attribute.baseName] = {
        ...(description ? { description } : {}),
        ...type,
        ...mergeRules(field),
      }
    }
    const required = loaded[model]!.attributeTypeMap.map(({ baseName }) => baseName).filter(
      (field) => docs.fields.get(field)?.required,
    )
    if (required.length > 0) schema.required = required
    return name
  }

  async function typeOf(type: string, format: string, field: string, prefix: string): Promise<Schema> {
    const array = /^Array<(.*)>$/.exec(type)
    if (array) return { type: 'array', items: await typeOf(array[1]!, format, field, prefix) }
    const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)
    if (map) return { type: 'object', additionalProperties: await typeOf(map[1]!, format, field, prefix) }
    if (type === 'string' && QUANTITIES.test(field))
      return reference('io.k8s.apimachinery.pkg.api.resource.Quantity')
    if (type === 'string') return format ? { type: 'string', format } : { type: 'string' }
    if (type === 'number')
      return format === 'double' ? { type: 'number', format } : { type: 'integer', format: format || 'int32' }
    if (type === 'boolean') return { type: 'boolean' }
    if (type === 'Date') return reference(`${META}.Time`)
    if (type === 'V1MicroTime') return reference(`${META}.MicroTime`)
    if (type === 'IntOrString') return reference('io.k8s.apimachinery.pkg.util.intstr.IntOrString')
    if (type === 'any' || type === 'object') return { type: 'object' }
    return reference(await add(type, prefix))
  }

  return { schemas, add }
}

/** A $ref may have no neighbours, so Kubernetes wraps it where a description stands beside it. */
function reference(name: string): Schema {
  return { allOf: [{ $ref: `#/components/schemas/${name}` }] }
}

function mergeRules(field: string): Schema {
  if (SETS.has(field)) return { 'x-kubernetes-list-type': 'set', 'x-kubernetes-patch-strategy': 'merge' }
  if (RETAIN_KEYS.has(field)) return { 'x-kubernetes-patch-strategy': 'retainKeys' }
  const rule = LIST_KEYS[field]
  if (!rule) return {}
  const [first] = rule.keys
  if (!first) return rule.strategy ? { 'x-kubernetes-patch-strategy': rule.strategy } : {}
  const patchKey = rule.patchKey === undefined ? first : rule.patchKey
  return {
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': rule.keys,
    ...(patchKey
      ? {
          'x-kubernetes-patch-merge-key': patchKey,
          'x-kubernetes-patch-strategy': rule.strategy ?? 'merge',
        }
      : {}),
  }
}

/** Descriptions, and which fields have no question mark, from the declaration file of a model. */
async function readDocs(file: string) {
  const text = await readFile(file, 'utf8')
  const description = text.match(/\/\*\*\n\* ([^\n]*)\n\*\/\nexport declare class/)?.[1] ?? ''
  const fields = new Map<string, { description: string; required: boolean }>()
  for (const match of text.matchAll(/(?: {4}\/\*\*\n {4}\* ([^\n]*)\n {4}\*\/\n)? {4}'(\w+)'(\??):/g)) {
    fields.set(match[2]!, { description: unescape(match[1] ?? ''), required: match[3] === '' })
  }
  return { description: unescape(description), fields }
}

function unescape(text: string): string {
  return text.replaceAll(/\\(['"`])/g, '$1').replaceAll('*_/', '*/')
}

const TIME =
  'Time is a wrapper around time.Time which supports correct marshaling to YAML and JSON.  Wrappers are provided for many of the factory methods that the time package offers.'
const MICRO_TIME = 'MicroTime is version of Time with microsecond level precision.'
const QUANTITY =
  'Quantity is a fixed-point representation of a number. It is written as a plain number (0.5, 128974848), with a decimal suffix (m, k, M, G, T, P, E), a binary suffix (Ki, Mi, Gi, Ti, Pi, Ei) or an exponent (12e6).'
const INT_OR_STRING =
  'IntOrString is a type that can hold an int32 or a string.  When used in JSON or YAML marshalling and unmarshalling, it produces or consumes the inner type.'
