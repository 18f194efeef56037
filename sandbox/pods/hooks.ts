/** PostStart and preStop: https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/ */
import type { Container } from '../objects.ts'
import { httpGet } from './http-get.ts'
import { runCommand, userAgentOf, type ProbeTarget } from './probe-check.ts'

/** What to do at the beginning or before the end of a container. */
export type Hook = NonNullable<NonNullable<Container['lifecycle']>['preStop']>

/**
 * Runs a hook to its end. Throws when it fails: a command by its exit code, a request only when no answer comes,
 * whatever its status. Abort ends it as a failure.
 */
export async function runHook(hook: Hook, target: ProbeTarget, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (hook.exec) {
    const argv = hook.exec.command ?? []
    const { exitCode } = await runCommand(argv, target, signal)
    if (exitCode !== 0) throw new Error(`command '${argv.join(' ')}' exited with ${exitCode}`)
  } else if (hook.httpGet) {
    const { container, podIp, version } = target
    const userAgent = userAgentOf('kube-lifecycle', version)
    await httpGet(hook.httpGet, { container, podIp, userAgent, signal })
  } else if (hook.sleep) {
    await sleep(hook.sleep.seconds * 1000, target, signal)
  } else {
    throw new Error('invalid handler')
  }
}

function sleep(ms: number, { clock }: ProbeTarget, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(ms, resolve)
    const abort = () => {
      cancel()
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', abort, { once: true })
  })
}
