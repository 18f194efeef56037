/** Proves that the suite leaves nothing: vitest calls it around all test files, and its throw fails the run. */
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '#sandbox/until.ts'

/** Gives all tests one temp folder to make theirs in; answers what looks at it at the end. */
export function setup(): () => Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sidecar-suite-'))
  // Some of them run as nobody.
  chmodSync(folder, 0o755)
  const before = process.env.TMPDIR
  process.env.TMPDIR = folder
  return async () => {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
    // A killed process takes a moment to be gone.
    await until(() => processesOf(folder).length === 0, { timeoutMs: 5_000 })
    const files = readdirSync(folder, { recursive: true }).map((name) => `temp file ${String(name)}`)
    const left = [...processesOf(folder), ...files]
    rmSync(folder, { recursive: true, force: true })
    if (left.length > 0) throw new Error(`the tests left behind:\n${left.join('\n')}`)
  }
}

/** Processes whose words name the folder, and those in mount namespaces, be it a node's or a container's, that do. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => readProc(pid, 'cmdline').includes(folder) || readProc(pid, 'mountinfo').includes(folder))
    .map((pid) => `process ${pid}: ${readProc(pid, 'cmdline').replaceAll('\0', ' ')}`)
}

function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
