/** Proves that every kind can be explained and checked, and that the committed schemas are what the command writes. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createOpenApi } from '#sandbox/api/openapi.ts'
import { apiVersionOf, loadResources } from '#sandbox/api/resource.ts'
import { generateSchemas } from '../../../scripts/commands/generate-openapi.ts'

const resources = await loadResources()

describe('OpenAPI', () => {
  it.each(resources.map((resource) => [resource.kind, resource] as const))(
    'describes %s',
    (kind, resource) => {
      const openApi = createOpenApi(resources)
      const schema = openApi.schemaOf(resource)
      expect(schema.description).not.toBe('')
      expect(Object.keys(schema.properties ?? {})).toEqual(
        expect.arrayContaining(['apiVersion', 'kind', 'metadata']),
      )
      const path = resource.group ? `apis/${apiVersionOf(resource)}` : 'api/v1'
      const document = JSON.parse(openApi.document(path)!) as { components: { schemas: object } }
      expect(Object.keys(document.components.schemas).some((name) => name.endsWith(`.${kind}`))).toBe(true)
    },
  )

  it('follows every reference inside a document', () => {
    const document = createOpenApi(resources).document('api/v1')!
    const { components } = JSON.parse(document) as { components: { schemas: Record<string, unknown> } }
    for (const [, name] of document.matchAll(/#\/components\/schemas\/([^"]+)/g)) {
      expect(components.schemas).toHaveProperty([name!])
    }
  })

  it('is what `generate-openapi` writes today', async () => {
    const file = new URL('../../../sandbox/api/openapi/schemas.json', import.meta.url)
    expect(await generateSchemas()).toEqual(JSON.parse(readFileSync(file, 'utf8')))
  })
})

it('every kind is one file with all that a kind needs', () => {
  for (const resource of resources) {
    expect(resource.plural).toMatch(/^[a-z]+$/)
    expect(resource.columns).not.toEqual([])
    expect(resource.columns.map(({ name }) => name)).toEqual([
      ...new Set(resource.columns.map(({ name }) => name)),
    ])
  }
})
