/** What is left of the upgraded streams (upgrade.ts) for plain requests. */
import type { Subresource } from '../resource.ts'
import { badRequest } from '../status.ts'

/** Exec, attach and port-forward to whoever asks for no upgrade: a refusal, and a place in discovery. */
export const exec = upgradeOnly('PodExecOptions')
export const attach = upgradeOnly('PodAttachOptions')
export const portforward = upgradeOnly('PodPortForwardOptions')

function upgradeOnly(kind: string): Subresource {
  return {
    verbs: ['create', 'get'],
    kind,
    handle() {
      throw badRequest('Upgrade request required')
    },
  }
}
