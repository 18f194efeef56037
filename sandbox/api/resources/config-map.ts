/** ConfigMaps: https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/config-map-v1/ */
import { isDeepStrictEqual } from 'node:util'
import type { ConfigMap } from '../../objects.ts'
import type { ResourceDefinition } from '../resource.ts'
import { forbiddenField, invalidValue, tooLong } from '../status.ts'
import { ageColumn, nameColumn } from '../table.ts'

/** All keys and values together, in bytes. */
const MAX_BYTES = 1024 * 1024
const KEY_TEXT =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"

/** The kind ConfigMap. */
export const resource: ResourceDefinition<ConfigMap> = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  namespaced: true,
  hasStatus: false,
  columns: [
    nameColumn,
    { name: 'Data', cell: ({ data, binaryData }) => Object.keys({ ...data, ...binaryData }).length },
    ageColumn,
  ],
  validate({ data = {}, binaryData = {} }) {
    const entries = Object.entries({ data, binaryData }).flatMap(([field, map]) =>
      Object.keys(map).map((key) => ({ field, key })),
    )
    const causes = entries
      .filter(({ key }) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key) || key === '.' || key === '..')
      .map(({ field, key }) => invalidValue(`${field}[${key}]`, key, KEY_TEXT))
    const size = [...Object.entries(data), ...Object.entries(binaryData)].reduce(
      (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
      0,
    )
    return size > MAX_BYTES ? [...causes, tooLong('', MAX_BYTES)] : causes
  },
  validateUpdate(next, previous) {
    if (!previous.immutable) return []
    const text = 'field is immutable when `immutable` is set'
    return (['data', 'binaryData', 'immutable'] as const)
      .filter((field) => !isDeepStrictEqual(next[field], previous[field]))
      .map((field) => forbiddenField(field, text))
  },
}
