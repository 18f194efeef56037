/** The kind binary, on the one cluster that is the kit's. */
import { runCommand, type CommandOptions } from '../command.ts'
import { lastLines, type ContainerEngine } from '../containers/engine.ts'
import { WorkshopError } from '../errors.ts'

/** The name of our cluster, so that no other one is ever meant. */
export const KIND_CLUSTER = 'sidecar-workshop'

/** Standard output of kind, which is told the cluster's name; throws what it said when it fails. */
export async function runKind(
  engine: ContainerEngine,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const words = [...args, '--name', KIND_CLUSTER]
  const { exitCode, stdout, stderr } = await runCommand('kind', words, { ...options, env: engine.kindEnv })
  if (exitCode === 0) return stdout
  const what = `kind ${args[0]} ${args[1]} failed:\n${lastLines(stderr)}`
  throw new WorkshopError(what, `see it by hand: kind ${words.join(' ')}`)
}

/** The containers that are its nodes, running or not. */
export async function listNodes(engine: ContainerEngine): Promise<string[]> {
  return (await runKind(engine, ['get', 'nodes'])).split(/\s+/).filter(Boolean)
}
