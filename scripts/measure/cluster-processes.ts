/** The processes of a running embedded cluster, by the part that they play. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type ProcessIdentity, identify } from '#sandbox/process-identity.ts'

/** A `wrapper` is container.pl; a `probe` is a process whose words hold {@link PROBE_MARK}. */
export type Part = 'unshare' | 'init' | 'engine' | 'wrapper' | 'container' | 'probe'

/** One process of a cluster. */
export interface ClusterProcess {
  part: Part
  identity: ProcessIdentity
  words: string
}

/** What the command of a probe, or of any other exec, must hold to be told from a container's. */
export const PROBE_MARK = 'marked as a probe'

/** Every process below the cluster's first, that one included; none when the cluster does not run. */
export function clusterProcesses(state: string): ClusterProcess[] {
  const first = firstProcess(state)
  if (first === undefined) return []
  const parents = parentsOfAll()
  const found: ClusterProcess[] = []
  function add(pid: number, part: Part): void {
    const identity = identify(pid)
    const words = readProc(pid, 'cmdline').replaceAll('\0', ' ')
    if (identity) found.push({ part, identity, words })
    for (const [child, parent] of parents) if (parent === pid) add(child, partOf(child, part))
  }
  add(first, 'unshare')
  return found
}

/** Bytes of memory that a process occupies; 0 for one that has ended. */
export function residentBytes({ identity }: ClusterProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readProc(identity.pid, 'status'))?.[1] ?? 0) * 1024
}

/** Bytes that a process occupies alone, shared pages left out. */
export function privateBytes({ identity }: ClusterProcess): number {
  const fields = readProc(identity.pid, 'smaps_rollup').matchAll(/Private_(?:Clean|Dirty):\s+(\d+)/g)
  return [...fields].reduce((sum, [, kilobytes]) => sum + Number(kilobytes) * 1024, 0)
}

function partOf(pid: number, parent: Part): Part {
  const words = readProc(pid, 'cmdline')
  if (words.includes('container.pl')) return 'wrapper'
  if (parent === 'unshare') return 'init'
  if (parent === 'init' && words.includes('engine.ts')) return 'engine'
  return words.includes(PROBE_MARK) ? 'probe' : 'container'
}

function firstProcess(state: string): number | undefined {
  try {
    const text = readFileSync(join(state, 'sidecar-workshop/clusters/embedded/node.json'), 'utf8')
    return (JSON.parse(text) as { unshare: ProcessIdentity }).unshare.pid
  } catch {
    return undefined
  }
}

function parentsOfAll(): Map<number, number> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return new Map(
    pids.map((pid) => [Number(pid), Number(/^PPid:\s+(\d+)/m.exec(readProc(Number(pid), 'status'))?.[1])]),
  )
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
