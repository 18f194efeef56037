/** Where the kit keeps things on a learner's machine: the XDG base directories, and one visible folder. */
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Clusters, progress and logs: `$XDG_STATE_HOME/sidecar-workshop`, by default under ~/.local/state. */
export function stateFolder(): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'sidecar-workshop')
}

/** All that a cluster of this name keeps: kubeconfig, certificates, database, pod folders, engine log. */
export function clusterFolder(name: string): string {
  return join(stateFolder(), 'clusters', name)
}

/** The learner's own files, visible on purpose: `$SIDECAR_WORKSHOP_DIR`, by default ~/sidecar-workshop. */
export function workspacesFolder(): string {
  return process.env.SIDECAR_WORKSHOP_DIR || join(homedir(), 'sidecar-workshop')
}

/** What can be made again at any time: `$XDG_CACHE_HOME/sidecar-workshop`, by default under ~/.cache. */
export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sidecar-workshop')
}
