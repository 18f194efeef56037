/** pods/exec and pods/attach: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#operations */
import { finished } from 'node:stream/promises'
import type { Pod, Status } from '../../objects.ts'
import type { ApiContext } from '../resource.ts'
import { badRequest, statusOf } from '../status.ts'
import { type CommandChannels, readWanted } from './command-channels.ts'
import { chooseContainer } from './containers.ts'

/** Runs over a client's channels until its end and answers the Status that the client is told. */
export type RemoteCommand = (channels: CommandChannels) => Promise<object>

/** One more process in a container. Throws a 400 for a request without a command. */
export function planExec(api: ApiContext, pod: Pod, query: URLSearchParams): RemoteCommand {
  const container = chooseContainer(pod, query.get('container'))
  const command = query.getAll('command')
  if (command.length === 0) throw badRequest('you must specify at least one command for the container')
  const { tty } = readWanted(query)
  return async ({ onResize, ...streams }) => {
    const { exitCode, resize } = await api.node().exec(pod, { ...streams, container, command, tty })
    onResize(resize)
    return endStatus(await exitCode)
  }
}

/** The container's own process. That its output has ended is all that the client is told, as by containerd. */
export function planAttach(api: ApiContext, pod: Pod, query: URLSearchParams): RemoteCommand {
  const container = chooseContainer(pod, query.get('container'))
  return async ({ onResize, ...streams }) => {
    const { exitCode, resize } = await api.node().attach(pod, { ...streams, container })
    onResize(resize)
    await exitCode
    const outputs = [streams.stdout, streams.stderr].filter((output) => output !== undefined)
    await Promise.all(outputs.map((output) => finished(output, { readable: false })))
    return endStatus(0)
  }
}

/** Runs to the end, told to the client. Never throws. */
export async function runRemoteCommand(command: RemoteCommand, channels: CommandChannels): Promise<void> {
  try {
    channels.finish(await command(channels))
  } catch (error) {
    if (!channels.signal.aborted) channels.finish(statusOf(error))
  }
}

/** How the command ended, in the form that kubectl takes its own exit code from. */
function endStatus(exitCode: number): Omit<Status, 'code' | 'apiVersion' | 'kind'> {
  if (exitCode === 0) return { metadata: {}, status: 'Success' }
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: command terminated with exit code ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  }
}
