/** Secrets: https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/ */
import { isDeepStrictEqual } from 'node:util'
import type { Secret } from '../../objects.ts'
import type { ResourceDefinition } from '../resource.ts'
import { forbiddenField, invalidValue } from '../status.ts'
import { ageColumn, nameColumn } from '../table.ts'

const KEY_TEXT =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"

/** The kind Secret. */
export const resource: ResourceDefinition<Secret> = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  singular: 'secret',
  namespaced: true,
  hasStatus: false,
  columns: [
    nameColumn,
    { name: 'Type', cell: ({ type }) => type ?? '' },
    { name: 'Data', cell: ({ data }) => Object.keys(data ?? {}).length },
    ageColumn,
  ],
  setDefaults(secret) {
    secret.type ||= 'Opaque'
    if (!secret.stringData) return
    const added = Object.entries(secret.stringData).map(
      ([key, value]) => [key, Buffer.from(value).toString('base64')] as const,
    )
    secret.data = { ...secret.data, ...Object.fromEntries(added) }
    delete secret.stringData
  },
  validate: ({ data = {} }) =>
    Object.keys(data)
      .filter((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key) || key === '.' || key === '..')
      .map((key) => invalidValue(`data[${key}]`, key, KEY_TEXT)),
  validateUpdate(next, previous) {
    const causes = []
    if (next.type !== previous.type) causes.push(invalidValue('type', next.type, 'field is immutable'))
    if (previous.immutable && !(next.immutable && isDeepStrictEqual(next.data, previous.data))) {
      causes.push(forbiddenField('data', 'field is immutable when `immutable` is set'))
    }
    return causes
  },
  selectableFields: ({ type }) => ({ type: type ?? '' }),
}
