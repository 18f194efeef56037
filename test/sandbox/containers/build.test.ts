/** Proves on a real Docker engine that the kit's images are built, only when they changed, and packed for one platform. */
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { silentProgress, type Progress } from '#sandbox/cluster.ts'
import { buildImages, saveImage } from '#sandbox/containers/build.ts'
import { findEngine, type ContainerEngine } from '#sandbox/containers/engine.ts'
import { kitImages, type KitImage } from '#sandbox/containers/kit-images.ts'
import { lessonImages } from '#sandbox/course/lesson-images.ts'
import { findLesson } from '#sandbox/course/lesson.ts'
import { dockerNeeds, importBusybox, startDockerEngine, succeed } from '#test/helpers/docker-engine.ts'
import { describeWith } from '#test/helpers/needs.ts'
import { temporaryFolder } from '#test/helpers/temp-folder.ts'

const progress = silentProgress
/** Eight builds, on a machine that does other things too. */
const LONG = { timeout: 180_000 }
let engine: ContainerEngine
let images: KitImage[]

describeWith(dockerNeeds, 'on a Docker engine without a network', () => {
  beforeAll(async () => {
    await startDockerEngine()
    engine = await findEngine()
    images = await kitImages()
  })

  test('an image whose base can’t be pulled says which, and what to do', async () => {
    const [image] = await kitImages({ wanted: ['ttbb/base'] })
    await expect(buildImages(engine, [image!], { progress })).rejects.toMatchObject({
      message: expect.stringMatching(
        /^ttbb\/base:workshop is made from docker\.io\/library\/debian:13-slim, which can't be pulled:\n.*network is unreachable$/s,
      ) as string,
      hint: 'connect to the network once, or name a mirror of Docker Hub: npm run images build -- --mirror HOST/library',
    })
  })

  test('every image is built once, then again only when its files have changed', LONG, async () => {
    await importBusybox(...new Set(images.map(({ base }) => base)))
    const seen: string[] = []
    const spoken: Progress = { stage: (title) => ({ done: () => seen.push(title), failed() {} }) }
    expect(await buildImages(engine, images, { progress: spoken })).toBe(images.length)
    expect(seen).toEqual(images.map(({ clusterReference }) => `Building ${clusterReference}`))
    expect(await buildImages(engine, images, { progress })).toBe(0)

    const program = images.find(({ reference }) => reference === 'sidecar-examples:sidecar-input')!
    const context = temporaryFolder()
    cpSync(program.context, context, { recursive: true })
    writeFileSync(join(context, 'main.ts'), '// changed\n')
    const changed = { ...program, context, content: 'changed' }
    expect(
      await buildImages(engine, [changed, ...images.filter((image) => image !== program)], { progress }),
    ).toBe(1)
    expect(await buildImages(engine, images, { progress })).toBe(1)
  })

  test('ttbb/nginx:mate holds its program at /app and logs where the article’s does', async () => {
    await buildImages(engine, images, { progress })
    const run = ['run', '--rm', '--network=none', '--entrypoint=ls', 'ttbb/nginx:mate', '/app']
    expect((await succeed('docker', ...run)).split('\n')).toEqual(
      expect.arrayContaining(['main.ts', 'openresty.conf', 'start.sh']),
    )
    const format = ['image', 'inspect', '--format', '{{json .Config.Env}}', 'ttbb/nginx:mate']
    expect(await succeed('docker', ...format)).toContain('NGINX_LOG_FOLDER=/opt/sh/openresty/nginx/logs')
  })

  test('an archive holds one image, for one platform, under the name that manifests write', async () => {
    await buildImages(engine, images, { progress })
    const archive = join(temporaryFolder(), 'image.tar')
    const image = images.find(({ reference }) => reference === 'ttbb/nginx:mate')!
    await saveImage(engine, image, archive)
    const manifest = JSON.parse(await succeed('tar', '-xOf', archive, 'manifest.json')) as {
      RepoTags: string[]
    }[]
    expect(manifest.map(({ RepoTags }) => RepoTags)).toEqual([['ttbb/nginx:mate']])
  })

  test('a lesson needs those that its manifests name', async () => {
    const wanted = await lessonImages(await findLesson('1'))
    expect(wanted).toEqual(expect.arrayContaining(['ttbb/base', 'ttbb/nginx:mate']))
    const own = (await kitImages({ wanted })).map(({ reference }) => reference)
    expect(own.sort()).toEqual(['ttbb/base', 'ttbb/nginx:mate'])
  })
})
