/** Brings images into the nodes of the kind cluster, each once until it changes. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Progress } from '../cluster.ts'
import { saveImage } from '../containers/build.ts'
import type { ContainerEngine } from '../containers/engine.ts'
import type { KitImage } from '../containers/kit-images.ts'
import { runKind } from './binary.ts'

const LOAD_TIMEOUT_MS = 10 * 60_000

/** How to load. `folder` is the cluster's own: what it holds is as old as the nodes. */
export interface LoadOptions {
  folder: string
  engine: ContainerEngine
  progress: Progress
  signal?: AbortSignal
}

/** Loads the images that the nodes have not, or not as they are now. */
export async function loadIntoKind(images: readonly KitImage[], options: LoadOptions): Promise<void> {
  const { folder, progress } = options
  const path = join(folder, 'loaded.json')
  const loaded = await readLoaded(path)
  for (const image of images) {
    if (loaded[image.clusterReference] === image.content) continue
    const stage = progress.stage(`Loading ${image.clusterReference}`)
    try {
      await load(image, options)
      stage.done()
    } catch (error) {
      stage.failed()
      throw error
    }
    loaded[image.clusterReference] = image.content
    await writeFile(path, JSON.stringify(loaded))
  }
}

async function load(image: KitImage, { folder, engine, signal }: LoadOptions): Promise<void> {
  const archive = join(folder, 'image.tar')
  try {
    await saveImage(engine, image, archive, signal)
    // Not `docker-image`, which fails on engines that keep several platforms of an image: kind#3795.
    await runKind(engine, ['load', 'image-archive', archive], { timeoutMs: LOAD_TIMEOUT_MS, signal })
  } finally {
    await rm(archive, { force: true })
  }
}

async function readLoaded(path: string): Promise<Record<string, string>> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, string>
  } catch {
    return {}
  }
}
