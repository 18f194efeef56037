/** `npm run images`: builds the images of the lessons, and pushes them to a registry. */
import { parseArgs } from 'node:util'
import { buildImages, pushImages } from '#sandbox/containers/build.ts'
import { findEngine } from '#sandbox/containers/engine.ts'
import { kitImages } from '#sandbox/containers/kit-images.ts'
import { lessonImages } from '#sandbox/course/lesson-images.ts'
import { findLesson } from '#sandbox/course/lesson.ts'
import { WorkshopError } from '#sandbox/errors.ts'
import { stages } from '../stages.ts'
import { print } from '../terminal/print.ts'

export const summary = 'builds the images of the lessons with Docker or Podman'
export const usage = `npm run images                     the images that the kit builds
npm run images build [N]           build them, or those of lesson N; only what changed
npm run images push REGISTRY [N]   build them and push them, as in: push registry.example.com/workshop
options: --mirror HOST/PATH        where Docker Hub's official images are to be had instead`

/** 0 when the images are there. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { mirror: { type: 'string' } },
  })
  const [action = 'list', ...words] = positionals
  const registry = action === 'push' ? words.shift() : undefined
  const [number, ...rest] = words
  if (!['list', 'build', 'push'].includes(action) || rest.length > 0 || (action === 'push' && !registry)) {
    throw new WorkshopError(`“images ${positionals.join(' ')}” is not a command`, usage)
  }
  const wanted = number === undefined ? undefined : await lessonImages(await findLesson(number))
  const images = await kitImages({ wanted, mirror: values.mirror })
  if (action === 'list') {
    for (const { reference, base } of images) print(`${reference.padEnd(36)} from ${base}`)
    return 0
  }
  const [engine, progress] = [await findEngine(), stages()]
  const count = await buildImages(engine, images, { progress })
  print(`${images.length} images are built, ${count} of them just now.`)
  if (!registry) return 0
  await pushImages(engine, images, registry, { progress })
  print(`Use them: npm run lesson 1 -- --cluster context:NAME --registry ${registry}`)
  return 0
}
