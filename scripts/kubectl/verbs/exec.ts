/** `kubectl exec`: a command in a running container. */
import { text } from 'node:stream/consumers'
import { PODS } from '#sandbox/client.ts'
import { execInPod } from '#sandbox/exec.ts'
import { UsageError, type Flags, type FlagNames } from '../flags.ts'
import type { Session } from '../session.ts'

export const summary = 'runs a command in a container'
export const usage = 'kubectl exec POD [-c CONTAINER] [-i] -- COMMAND [ARGUMENT …]'
export const flags: FlagNames = {
  container: { short: 'c' },
  stdin: { short: 'i', isSwitch: true },
  tty: { short: 't', isSwitch: true },
}

/** The exit code of the command. */
export async function run({ client, connection, namespace }: Session, options: Flags): Promise<number> {
  const [word, ...more] = options.words
  if (!word) throw new UsageError('pod, type/name or --filename must be specified')
  if (!options.rest?.length)
    throw new UsageError(
      more.length > 0
        ? 'exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead'
        : 'you must specify at least one command for the container',
    )
  if (options.has('tty'))
    throw new UsageError(
      'the small kubectl has no terminals (-t): leave it out, or get the real one: https://kubernetes.io/docs/tasks/tools/',
    )
  const name = word.replace(/^(pods?|po)\//, '')
  const { spec, metadata } = await client.get(PODS, { name, namespace })
  const names = spec.containers.map((container) => container.name)
  const preferred = metadata.annotations?.['kubectl.kubernetes.io/default-container'] ?? names[0]!
  const container = options.get('container') ?? preferred
  const all = [...names, ...(spec.initContainers ?? []).map((init) => `${init.name} (init)`)]
  if (!options.get('container') && all.length > 1) {
    process.stderr.write(`Defaulted container "${container}" out of: ${all.join(', ')}\n`)
  }
  const stdin = options.has('stdin') ? await text(process.stdin) : undefined
  const { exitCode, stdout, stderr } = await execInPod(
    connection,
    { namespace, name },
    { container, argv: options.rest, stdin },
  )
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  if (exitCode !== 0) process.stderr.write(`command terminated with exit code ${exitCode}\n`)
  return exitCode
}
