/** The kubectl binaries of this machine, several versions where there are several. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

/** One binary, and the minor version of Kubernetes that it was made for. */
export interface KubectlBinary {
  path: string
  minor: number
}

/**
 * One of each minor version from 1.30 on, oldest first: `kubectl` of every folder on PATH, and `kubectl.1.30` and the
 * like beside it, as Google's SDK has them.
 */
export function findKubectls(): KubectlBinary[] {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'kubectl'))
  const folders = new Set(
    onPath.filter((path) => existsSync(path)).map((path) => dirname(realpathSync(path))),
  )
  const binaries = [...folders]
    .flatMap(binariesIn)
    .map((path) => ({ path, minor: minorOf(path) }))
    .filter(({ minor }) => minor >= 30)
  return [...new Map(binaries.map((binary) => [binary.minor, binary])).values()].sort(
    (a, b) => a.minor - b.minor,
  )
}

/** Beside versions of its own, a plain `kubectl` is one that chooses among them. */
function binariesIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => /^kubectl(\.1\.\d+)?$/.test(name))
  const versioned = names.filter((name) => name !== 'kubectl')
  return (versioned.length > 0 ? versioned : names).map((name) => join(folder, name))
}

function minorOf(path: string): number {
  const byName = /kubectl\.1\.(\d+)$/.exec(path)?.[1]
  if (byName) return Number(byName)
  const { clientVersion } = JSON.parse(
    execFileSync(path, ['version', '--client', '-o', 'json'], { encoding: 'utf8' }),
  ) as { clientVersion: { minor: string } }
  return Number.parseInt(clientVersion.minor, 10)
}
