/** Starts every controller of the embedded cluster: each file of this folder but this one. */
import { readdir } from 'node:fs/promises'
import type { KubernetesClient } from '../client.ts'
import type { Clock } from '../clock.ts'
import type { FollowContext } from '../follow.ts'
import { type Informers, createInformers } from './machinery/informers.ts'

/** What a controller works with. */
export interface ControllerContext extends FollowContext {
  informers: Informers
  /** PEM text of the certificate that vouches for the API server; absent where nobody serves it. */
  rootCertificate?: Promise<string>
}

/** What each file of this folder exports as `startController`: works until the signal aborts, settles when it has seen what there is. */
export type StartController = (context: ControllerContext) => void | Promise<void>

/** Settles when each controller has seen what there is; they work until `stop`. */
export async function startControllers(options: {
  client: KubernetesClient
  clock: Clock
  rootCertificate?: Promise<string>
}): Promise<{ stop(): void }> {
  const aborter = new AbortController()
  const following = { client: options.client, clock: options.clock, signal: aborter.signal }
  const context = {
    ...following,
    rootCertificate: options.rootCertificate,
    informers: createInformers(following),
  }
  const controllers = await loadControllers()
  await Promise.all(controllers.map((start) => start(context)))
  return { stop: () => aborter.abort() }
}

/** Every controller of this folder. */
export async function loadControllers(): Promise<StartController[]> {
  const files = (await readdir(import.meta.dirname)).filter(
    (file) => file.endsWith('.ts') && file !== 'start.ts',
  )
  const modules = await Promise.all(files.map((file) => import(new URL(file, import.meta.url).href)))
  return (modules as { startController: StartController }[]).map((module) => module.startController)
}
