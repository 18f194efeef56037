/** Proves that what the embedded cluster runs (image.json) and what kind builds (Dockerfile) are the same. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { kitImages, replacements } from '#sandbox/containers/kit-images.ts'
import { lessonImages } from '#sandbox/course/lesson-images.ts'
import { LESSONS_FOLDER, listLessons } from '#sandbox/course/lesson.ts'
import { readImages } from '#sandbox/pods/images.ts'

const REGISTRY = fileURLToPath(new URL('../../../sandbox/images', import.meta.url))
const images = readImages(REGISTRY)
const built = images.filter(({ name }) => existsSync(join(REGISTRY, name, 'Dockerfile')))

describe('the images', () => {
  it('answer to the names of the article', () => {
    const names = images.flatMap((image) => image.names)
    expect(names).toEqual(
      expect.arrayContaining([
        'sidecar-examples:input-http-server',
        'sidecar-examples:sidecar-input',
        'sidecar-examples:output-workload',
        'sidecar-examples:sidecar-output',
        'ttbb/nginx:mate',
        'ttbb/base',
        'nginx',
      ]),
    )
    expect(names).toHaveLength(new Set(names).size)
  })

  it('have a Dockerfile unless a registry has them as they are', () => {
    const pulled = images.filter((image) => !built.includes(image)).map(({ name }) => name)
    expect(pulled.sort()).toEqual(['nginx', 'node', 'shell'])
  })
})

describe('on a cluster that pulls its images', () => {
  it('a lesson runs what the kit builds, or official images, and asks no registry for what was loaded', async () => {
    const own = await kitImages()
    const official = new Set(images.filter((image) => !built.includes(image)).flatMap(({ names }) => names))
    for (const lesson of await listLessons()) {
      const wanted = await lessonImages(lesson)
      const strange = wanted.filter(
        (image) => !own.some(({ reference }) => reference === image) && !official.has(image.split(':')[0]!),
      )
      expect(strange, lesson.name).toEqual([])
    }
    // IfNotPresent is the default for every tag but latest, and for none.
    expect(own.filter(({ clusterReference }) => !/:(?!latest$)[^:/]+$/.test(clusterReference))).toEqual([])
    expect(replacements(own)).toEqual({ 'ttbb/base': 'ttbb/base:workshop' })
  })

  it('no lesson asks for another pull policy', async () => {
    const files = readdirSync(LESSONS_FOLDER, { recursive: true, encoding: 'utf8' })
    const manifests = files.filter((file) => file.endsWith('.yaml'))
    const strict = manifests.filter((file) =>
      /imagePullPolicy: *["']?Always/.test(readFileSync(join(LESSONS_FOLDER, file), 'utf8')),
    )
    expect(strict).toEqual([])
  })
})

describe.each(built)('$name', ({ name, names, folder, variants }) => {
  const lines = readFileSync(join(REGISTRY, name, 'Dockerfile'), 'utf8').split('\n')
  // What kind runs is the best variant of the embedded cluster.
  const [best] = variants

  it('is built under each of its names, from the folder that is seen at /app', () => {
    const file = folder.endsWith(`/${name}`) ? '' : `-f sandbox/images/${name}/Dockerfile `
    const context = folder.replace(/.*\/(?=sandbox\/images\/)/, '')
    const commands = names.map((image) => `# docker build -t ${image} ${file}${context}`)
    expect(lines.filter((line) => line.startsWith('#'))).toEqual(commands)
  })

  it('is made from an official image of Docker Hub, which an argument can replace', () => {
    const start = lines.findIndex((line) => line.startsWith('ARG BASE=docker.io/library/'))
    expect(lines[start + 1]).toBe('FROM $BASE')
  })

  it('has the same entrypoint, arguments and environment in Dockerfile and image.json', () => {
    expect(valueOf('ENTRYPOINT') ?? []).toEqual(best?.entrypoint)
    expect(valueOf('CMD') ?? []).toEqual(best?.cmd)
    const variables = lines.flatMap((line) => /^ENV (.*)/.exec(line)?.[1]?.split(' ') ?? [])
    expect(Object.fromEntries(variables.map((text) => text.split('=')) as [string, string][])).toEqual(
      best?.env,
    )
  })

  it('brings every file that it runs', () => {
    const paths = variants.flatMap(({ entrypoint, cmd }) => [...entrypoint, ...cmd])
    const own = paths.filter((path) => path.startsWith('/app/'))
    expect(own.filter((path) => !existsSync(path.replace('/app', folder)))).toEqual([])
    const copies = lines.flatMap((line) => /^COPY (\S+) \/app\/$/.exec(line)?.[1] ?? [])
    expect(copies.filter((path) => !existsSync(join(folder, path)))).toEqual([])
  })

  function valueOf(instruction: string): unknown {
    const line = lines.find((text) => text.startsWith(`${instruction} `))
    return line && JSON.parse(line.slice(instruction.length))
  }
})
