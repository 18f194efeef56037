/** Proves that a learner's YAML is read with limits, and mistakes are told with file and line. */
import { describe, expect, test } from 'vitest'
import { parseManifests } from '#sandbox/course/manifests.ts'
import { POD } from '#test/helpers/tiny-course.ts'

const parse = (files: Record<string, string>) => parseManifests(new Map(Object.entries(files)))

describe('the manifests of a workspace', () => {
  test('are read as kubectl does: YAML 1.1, several documents, empty ones skipped', async () => {
    const { objects, problems } = await parse({
      'a.yaml': `---\n${POD}\n---\n# nothing\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {on: 012}\n`,
      'sidecar.ts': 'not: [a manifest',
    })
    expect(problems).toEqual([])
    expect(objects.map(({ manifest, line }) => [manifest.kind, line])).toEqual([
      ['Pod', 2],
      ['ConfigMap', 25],
    ])
    expect(objects[1]!.manifest.data).toEqual({ true: 10 })
  })

  const broken: Record<string, string> = {
    'bad indentation': 'apiVersion: v1\nkind: Pod\n metadata:\n  name: x\n',
    'a tab': 'apiVersion: v1\nkind: Pod\nmetadata:\n\tname: x\n',
    'a file without an object': 'hello\n',
    'an object without kind and name': 'apiVersion: v1\nmetadata: {}\n',
    'a YAML bomb': `${bomb()}\n`,
    'a YAML of endless depth': '['.repeat(60_000),
  }
  test.for(Object.entries(broken))('are told apart from %s, with the place', async ([, text]) => {
    const { objects, problems } = await parse({ 'pod.yaml': text })
    expect(objects).toEqual([])
    expect(problems).toMatchSnapshot('the problem')
  })

  test('may not define one object twice', async () => {
    const { problems } = await parse({ 'a.yaml': POD, 'b.yaml': POD })
    expect(problems).toMatchObject([{ file: 'b.yaml', what: 'Pod “webserver” is already in a.yaml, line 1' }])
  })
})

/** Nine lines that stand for a billion strings. */
function bomb(): string {
  const names = 'abcdefghi'.split('')
  return names
    .map((name, index) => {
      const inner = index === 0 ? '"lol"' : `*${names[index - 1]}`
      return `${name}: &${name} [${Array.from({ length: 9 }, () => inner).join(',')}]`
    })
    .join('\n')
}
