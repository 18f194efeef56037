/** Whether Docker or Podman answers, which only a cluster of kind needs. */
import { runCommand } from '../../command.ts'
import { messageOf } from '../../errors.ts'
import { findBinary } from '../../find-binary.ts'
import { fine, type Finding } from '../finding.ts'

/** Asks each engine on PATH what it is, and where it stores images. */
export async function examine(): Promise<Finding> {
  const engines = ['docker', 'podman'].filter((name) => findBinary(name))
  const tried = (engines.length > 0 ? engines : ['docker', 'podman']).map((name) => `${name} info`).join(', ')
  const refusals: string[] = []
  for (const name of engines) {
    const { version, words } = await ask(name)
    if (version) return fine(tried, `${name} ${version}`)
    refusals.push(`${name}: ${words}`)
  }
  const costs = 'no cluster of kind; the embedded one needs no engine'
  if (refusals.length === 0) {
    const mend = 'https://docs.docker.com/engine/install/ or https://podman.io/docs/installation'
    return { state: 'limited', tried, found: 'neither is on PATH', costs, mend }
  }
  const mend =
    'sudo systemctl start docker   (and join its group: sudo usermod -aG docker $USER, then log in again)'
  return { state: 'limited', tried, found: refusals.join('; '), costs, mend }
}

async function ask(name: string): Promise<{ version?: string; words: string }> {
  try {
    const { exitCode, stdout, stderr } = await runCommand(name, ['info', '--format', FORMATS[name]!], {
      timeoutMs: 10_000,
    })
    const words = (stderr || stdout).trim().split('\n').at(-1) ?? ''
    return exitCode === 0 && stdout.trim() ? { version: stdout.trim(), words } : { words }
  } catch (error) {
    return { words: messageOf(error).split('\n')[0]! }
  }
}

/** Version and image store: containerd's store is why images are loaded as archives (kind#3795). */
const FORMATS: Record<string, string> = {
  docker: '{{.ServerVersion}}{{if .ServerVersion}}, images in {{.Driver}}{{end}}',
  podman: '{{.Version.Version}}, images in {{.Store.GraphDriverName}}',
}
