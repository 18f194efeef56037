/** Proves that a learner's files are never overwritten. */
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { prepareWorkspace, readWorkspace, replaceWorkspace } from '#sandbox/course/workspace.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'

const START = new Map([
  ['pod.yaml', 'start'],
  ['sidecar.ts', 'start'],
])
const NOON = Date.UTC(2026, 10, 22, 12)

describe('a workspace', () => {
  test('is made once, whole, and never overwritten', async () => {
    const folder = join(temporaryFolder(), 'deep', '01-tiny')
    expect(await prepareWorkspace(folder, START)).toBe(true)
    writeFileSync(join(folder, 'pod.yaml'), 'mine')
    expect(await prepareWorkspace(folder, START)).toBe(false)
    expect(readFileSync(join(folder, 'pod.yaml'), 'utf8')).toBe('mine')
    expect(readdirSync(dirname(folder))).toEqual(['01-tiny'])
  })

  test('is made in a folder that exists and is empty', async () => {
    const folder = temporaryFolder()
    expect(await prepareWorkspace(folder, START)).toBe(true)
    expect(readdirSync(folder)).toEqual(['pod.yaml', 'sidecar.ts'])
  })

  test('is replaced with all of the learner’s files kept beside it, twice in a second too', async () => {
    const root = temporaryFolder({
      '01-tiny/pod.yaml': 'mine',
      '01-tiny/extra.yaml': 'x',
      '01-tiny/notes.md': 'n',
    })
    const folder = join(root, '01-tiny')
    const aside = await replaceWorkspace(folder, START, NOON)
    expect(aside).toBe(join(root, '01-tiny.2026-11-22T12-00-00'))
    expect(readdirSync(aside)).toEqual(['extra.yaml', 'notes.md', 'pod.yaml'])
    expect(readdirSync(folder)).toEqual(['notes.md', 'pod.yaml', 'sidecar.ts'])
    expect(readFileSync(join(folder, 'pod.yaml'), 'utf8')).toBe('start')
    expect(await replaceWorkspace(folder, START, NOON)).toBe(`${aside}.2`)
    expect(await replaceWorkspace(folder, START, NOON)).toBe(`${aside}.3`)
    expect(readFileSync(join(aside, 'pod.yaml'), 'utf8')).toBe('mine')
  })

  test('is read within limits: a huge file is a problem, drafts, folders and dead links are none', async () => {
    const folder = temporaryFolder({
      'pod.yaml': 'x',
      '.pod.yaml.swp': 'x',
      'pod.yaml~': 'x',
      'notes.md': 'x',
    })
    writeFileSync(join(folder, 'huge.yaml'), Buffer.alloc(300_000, 'a'))
    mkdirSync(join(folder, 'folder.ts'))
    symlinkSync('/nowhere', join(folder, 'dead.yaml'))
    const { files, problems } = await readWorkspace(folder)
    expect([...files.keys()]).toEqual(['pod.yaml'])
    expect(problems).toMatchInlineSnapshot(`
      [
        {
          "file": "huge.yaml",
          "instead": "move it out of the workspace",
          "what": "300000 bytes are more than the 262144 of a manifest or program",
        },
      ]
    `)
  })

  test('that can’t be written says where and what to do', async () => {
    const file = join(temporaryFolder({ file: '' }), 'file')
    await expect(prepareWorkspace(join(file, '01-tiny'), START)).rejects.toThrow(
      /can't write .*01-tiny: ENOTDIR/,
    )
    expect(existsSync(`${file}/01-tiny`)).toBe(false)
  })
})
