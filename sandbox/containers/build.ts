/** Builds the kit's images with the engine of this machine, only what changed, and packs them for a cluster. */
import type { Progress } from '../cluster.ts'
import { runCommand } from '../command.ts'
import { WorkshopError } from '../errors.ts'
import { lastLines, runEngine, type ContainerEngine } from './engine.ts'
import { fullReference, inRegistry, type KitImage } from './kit-images.ts'

const BUILD_TIMEOUT_MS = 15 * 60_000
const LABEL = 'sidecar-workshop.content'

interface WorkOptions {
  progress: Progress
  signal?: AbortSignal
}

/** Builds each image that is not there as it should be; answers how many that were. */
export async function buildImages(
  engine: ContainerEngine,
  images: readonly KitImage[],
  { progress, signal }: WorkOptions,
): Promise<number> {
  let count = 0
  for (const image of images) {
    if ((await builtContent(engine, image)) === image.content) continue
    const stage = progress.stage(`Building ${image.clusterReference}`)
    try {
      await build(engine, image, signal)
      stage.done()
      count += 1
    } catch (error) {
      stage.failed()
      throw error
    }
  }
  return count
}

/** Writes an archive of one image that `kind load image-archive` takes. */
export async function saveImage(
  engine: ContainerEngine,
  image: KitImage,
  archive: string,
  signal?: AbortSignal,
): Promise<void> {
  const format = engine.name === 'podman' ? ['--format', 'docker-archive'] : []
  const args = ['save', ...format, '--output', archive, fullReference(image)]
  await runEngine(engine, args, { timeoutMs: BUILD_TIMEOUT_MS, signal })
}

/** Tags the images for a registry and pushes them; answers the names that they have there. */
export async function pushImages(
  engine: ContainerEngine,
  images: readonly KitImage[],
  registry: string,
  { progress, signal }: WorkOptions,
): Promise<string[]> {
  const pushed: string[] = []
  for (const image of images) {
    const target = inRegistry(image.clusterReference, registry)
    const stage = progress.stage(`Pushing ${target}`)
    try {
      await runEngine(engine, ['tag', fullReference(image), target])
      await runEngine(engine, ['push', target], { timeoutMs: BUILD_TIMEOUT_MS, signal })
      stage.done()
    } catch (error) {
      stage.failed()
      throw error
    }
    pushed.push(target)
  }
  return pushed
}

async function builtContent(engine: ContainerEngine, image: KitImage): Promise<string | undefined> {
  const format = `{{index .Config.Labels "${LABEL}"}}`
  const args = ['image', 'inspect', '--format', format, fullReference(image)]
  const { exitCode, stdout } = await runCommand(engine.name, args)
  return exitCode === 0 ? stdout.trim() : undefined
}

async function build(engine: ContainerEngine, image: KitImage, signal?: AbortSignal): Promise<void> {
  const { base, content, context, dockerfile } = image
  const args = ['build', '--tag', fullReference(image), '--label', `${LABEL}=${content}`]
  args.push('--build-arg', `BASE=${base}`, '--file', dockerfile, context)
  // One manifest for one platform: with attestations beside it, kind could not load it.
  // https://github.com/kubernetes-sigs/kind/issues/3795
  const env = { BUILDX_NO_DEFAULT_ATTESTATIONS: '1' }
  const { exitCode, stderr, stdout } = await runCommand(engine.name, args, {
    env,
    timeoutMs: BUILD_TIMEOUT_MS,
    signal,
  })
  if (exitCode === 0) return
  throw buildFailure(image, `${stdout}\n${stderr}`)
}

function buildFailure({ clusterReference, base }: KitImage, output: string): WorkshopError {
  const said = lastLines(output)
  if (UNREACHABLE.test(output)) {
    const hint =
      'connect to the network once, or name a mirror of Docker Hub: npm run images build -- --mirror HOST/library'
    return new WorkshopError(
      `${clusterReference} is made from ${base}, which can't be pulled:\n${said}`,
      hint,
    )
  }
  return new WorkshopError(`${clusterReference} can't be built:\n${said}`, 'npm run images build')
}

/** How Docker and Podman say that a registry is out of reach. */
export const UNREACHABLE =
  /network is unreachable|no such host|i\/o timeout|connection refused|TLS handshake timeout|temporary failure in name resolution|server misbehaving/i
