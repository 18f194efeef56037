/** The image registry: references, tags, variants, and what a broken image.json earns. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { imageNames, normalizeReference, readImages, resolveImage } from '#sandbox/pods/images.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'

describe('normalizeReference', () => {
  test.each([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1.27', 'docker.io/library/nginx:1.27'],
    ['ttbb/base', 'docker.io/ttbb/base:latest'],
    ['docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['index.docker.io/library/nginx', 'docker.io/library/nginx:latest'],
    ['localhost:5000/nginx', 'localhost:5000/nginx:latest'],
    ['registry.k8s.io/pause:3.9', 'registry.k8s.io/pause:3.9'],
    ['nginx@sha256:ab', 'docker.io/library/nginx@sha256:ab'],
    ['nginx:1@sha256:ab', 'docker.io/library/nginx:1@sha256:ab'],
  ])('%s is %s', (reference, full) => {
    expect(normalizeReference(reference)).toBe(full)
  })
})

describe('resolveImage', () => {
  test.each(['busybox', 'alpine:3.20', 'docker.io/library/debian:12-slim', 'ubuntu@sha256:ab'])(
    '%s runs the shell of the host',
    (reference) => {
      expect(resolveImage(reference)).toMatchObject({ id: 'embedded://shell', entrypoint: [], cmd: ['sh'] })
    },
  )

  test('a name with a tag answers to that tag only', () => {
    expect(resolveImage('sidecar-examples:input-http-server')).toMatchObject({ workingDir: '/' })
    expect(resolveImage('sidecar-examples:other')).toBeUndefined()
    expect(resolveImage('sidecar-examples')).toBeUndefined()
  })

  test.each(['quay.io/library/busybox', 'evil/busybox', 'busyboxes', ''])('%s is unknown', (reference) => {
    expect(resolveImage(reference)).toBeUndefined()
  })

  test('every name of the registry resolves on this machine, with a folder that exists', () => {
    const broken = imageNames().filter((name) => !existsSync(resolveImage(name)?.folder ?? ''))
    expect(broken).toEqual([])
  })
})

describe('readImages', () => {
  const variant = { entrypoint: ['a'] }

  test('takes every folder with an image.json, filling in what a variant leaves out', () => {
    const registry = temporaryFolder({
      'a/image.json': JSON.stringify({ names: ['a'], program: 'b', variants: [variant] }),
      'b/readme.txt': 'not an image',
    })
    expect(readImages(registry)).toEqual([
      {
        name: 'a',
        names: ['a'],
        program: 'b',
        folder: join(registry, 'b'),
        variants: [{ entrypoint: ['a'], cmd: [], env: {}, workingDir: '/' }],
      },
    ])
  })

  test.each([
    ['{', 'JSON'],
    ['[]', 'the file should be an object'],
    [JSON.stringify({ variants: [variant] }), 'names should be a list'],
    [JSON.stringify({ names: ['a'], variants: [] }), 'names and variants need an entry each'],
    [JSON.stringify({ names: [1], variants: [variant] }), 'names[0] should be a string'],
    [
      JSON.stringify({ names: ['a'], variants: [{ cmds: [] }] }),
      'variants[0].cmds is not a field of a variant',
    ],
    [JSON.stringify({ names: ['a'], variants: [{ env: { A: 1 } }] }), 'variants[0].env.A should be a string'],
  ])('refuses %s', (text, complaint) => {
    const registry = temporaryFolder({ 'broken/image.json': text })
    expect(() => readImages(registry)).toThrow(complaint)
    expect(() => readImages(registry)).toThrow(join(registry, 'broken/image.json'))
  })
})
