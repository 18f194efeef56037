/** Writes the status of one pod to the API: only the newest, one request at a time. */
import { ApiError, PODS } from '../client.ts'
import type { Pod, PodStatus } from '../objects.ts'
import type { KubeletContext } from './container-start.ts'

/** After a write that failed for no reason of the pod's. */
const RETRY_MS = 1_000

/** See {@link createStatusWriter}. */
export interface StatusWriter {
  /** Takes note of a status; what is equal to the last one costs nothing. */
  write(status: PodStatus): void
  /** Settles when the newest status has been written, or the pod is gone. */
  idle(): Promise<void>
}

/** A writer for the pod of this name and uid; a pod of the same name that came after it is left alone. */
export function createStatusWriter({ client, clock, hostIp }: KubeletContext, pod: Pod): StatusWriter {
  const { namespace, name, uid } = pod.metadata
  let newest = ''
  let written = ''
  let writing: Promise<void> | undefined

  async function writeNewest(): Promise<void> {
    while (written !== newest) {
      const text = newest
      const status = { ...(JSON.parse(text) as PodStatus), hostIP: hostIp, hostIPs: [{ ip: hostIp }] }
      try {
        await client.patch(
          PODS,
          { namespace, name },
          { metadata: { uid }, status },
          { subresource: 'status' },
        )
        written = text
      } catch (error) {
        if (error instanceof ApiError && error.status.code < 500) written = text
        else await new Promise<void>((resolve) => void clock.schedule(RETRY_MS, resolve))
      }
    }
    writing = undefined
  }

  return {
    write(status) {
      newest = JSON.stringify(status)
      if (newest !== written) writing ??= writeNewest()
    },
    idle: async () => writing,
  }
}
