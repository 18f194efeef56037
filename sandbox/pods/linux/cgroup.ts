/** CPU limits: a control group for each container that has one, where the kernel lets the engine make such groups. */
import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { WorkshopError } from '../../errors.ts'
import { until } from '../../until.ts'

/** The group of one container. */
export interface CpuGroup {
  /** A process that writes 0 to this file belongs to the group, and its children do. */
  processes: string
  /** To be called when its processes have been killed; what takes longer to end is left to {@link removeCpuGroups}. */
  remove(): Promise<void>
}

/** The groups of one cluster: there is none but for a container with a limit. */
export interface CpuGroups {
  /** Finds out whether groups can be made here, by making one. Once, before anything else. */
  prepare(): Promise<void>
  /** `false` before {@link prepare}. */
  areEnforced(): boolean
  /** `undefined` where limits are not enforced, and for no limit or one of 0, which is none. */
  add(cpus: number | undefined): CpuGroup | undefined
}

// The kubelet's own figures.
const PERIOD_US = 100_000
const LEAST_QUOTA_US = 1_000

const REMOVAL_TIMEOUT_MS = 2_000

/** How one version of the kernel's interface is written to. */
interface Interface {
  mount: string
  /** Lets the groups below this one have CPU limits. */
  delegate(group: string): void
  limit(group: string, quotaUs: number): void
}

/** https://docs.kernel.org/scheduler/sched-bwc.html */
const version1: Interface = {
  mount: '/sys/fs/cgroup/cpu',
  delegate() {},
  limit(group, quotaUs) {
    writeFileSync(join(group, 'cpu.cfs_period_us'), String(PERIOD_US))
    try {
      writeFileSync(join(group, 'cpu.cfs_quota_us'), String(quotaUs))
    } catch (error) {
      // More than a group around us has, and that one's limit holds for all of us.
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
    }
  },
}

/** https://docs.kernel.org/admin-guide/cgroup-v2.html */
const version2: Interface = {
  mount: '/sys/fs/cgroup',
  delegate: (group) => writeFileSync(join(group, 'cgroup.subtree_control'), '+cpu'),
  limit: (group, quotaUs) => writeFileSync(join(group, 'cpu.max'), `${quotaUs} ${PERIOD_US}`),
}

/** Remembers in `folder`, which exists by then, where its groups are. */
export function createCpuGroups(folder: string): CpuGroups {
  let place: { use: Interface; cluster: string } | undefined
  return {
    async prepare() {
      const { use, own } = findInterface() ?? {}
      if (!use || own === undefined) return
      for (const parent of upwards(own)) {
        const cluster = join(use.mount, parent, clusterGroupOf(folder))
        writeFileSync(recordOf(folder), cluster)
        if (!(await isPossible(use, cluster))) continue
        place = { use, cluster }
        return
      }
    },
    areEnforced: () => place !== undefined,
    add: (cpus) => (place && cpus ? makeGroup(place.use, place.cluster, cpus) : undefined),
  }
}

/**
 * Removes what {@link createCpuGroups} left for `folder`, whose engine has ended. A no-op where there is nothing.
 * Throws when processes are in there for 2 s more.
 */
export async function removeCpuGroups(folder: string): Promise<void> {
  const record = recordOf(folder)
  if (!existsSync(record)) return
  const cluster = readFileSync(record, 'utf8')
  if (cluster === '' || (await isGone(cluster))) return
  throw new WorkshopError(
    `the control group ${cluster} can't be removed: there are processes in it`,
    `cat ${cluster}/*/cgroup.procs   shows their numbers`,
  )
}

/** The name of the group that all groups of a cluster are in: no other folder has it. */
export function clusterGroupOf(folder: string): string {
  return `sidecar-workshop-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`
}

function recordOf(folder: string): string {
  return join(folder, 'cgroup')
}

/** Where this process is, in the hierarchy that has the cpu controller; see cgroups(7). */
function findInterface(): { use: Interface; own: string } | undefined {
  const text = existsSync('/proc/self/cgroup') ? readFileSync('/proc/self/cgroup', 'utf8') : ''
  const lines = [...text.matchAll(/^\d+:([^:]*):(.*)$/gm)]
  const find = (isIt: (controllers: string) => boolean) =>
    lines.find(([, controllers = '']) => isIt(controllers))?.[2]
  const first = find((controllers) => controllers.split(',').includes('cpu'))
  if (first !== undefined) return { use: version1, own: first }
  const second = find((controllers) => controllers === '')
  return second === undefined ? undefined : { use: version2, own: second }
}

/** `/a/b`, `/a`, `/`: in version 2 a group with processes of its own can't be divided, but one above it may be ours. */
function upwards(path: string): string[] {
  return path === '/' ? ['/'] : [path, ...upwards(dirname(path))]
}

async function isPossible(use: Interface, cluster: string): Promise<boolean> {
  try {
    const { processes } = makeGroup(use, cluster, 1)
    await promisify(execFile)('sh', ['-c', 'echo 0 > "$1"', 'sh', processes])
    return true
  } catch {
    return false
  } finally {
    await isGone(cluster)
  }
}

function makeGroup(use: Interface, cluster: string, cpus: number): CpuGroup {
  const group = join(cluster, randomUUID())
  if (!existsSync(cluster)) {
    use.delegate(dirname(cluster))
    mkdirSync(cluster)
    use.delegate(cluster)
  }
  mkdirSync(group)
  use.limit(group, Math.max(LEAST_QUOTA_US, Math.round(cpus * PERIOD_US)))
  return {
    processes: join(group, 'cgroup.procs'),
    async remove() {
      await isGone(group)
      if (foldersIn(cluster).length === 0) remove(cluster)
    },
  }
}

/** Whether a group and those below it are gone in good time: a process leaves its group somewhat after its end. */
async function isGone(group: string): Promise<boolean> {
  const gone = await until(() => remove(group), { timeoutMs: REMOVAL_TIMEOUT_MS, intervalMs: 2 })
  return gone === true
}

function remove(group: string): boolean {
  try {
    for (const name of foldersIn(group)) rmdirSync(join(group, name))
    rmdirSync(group)
    return true
  } catch {
    return !existsSync(group)
  }
}

/** What else is in a group are the kernel's files. */
function foldersIn(group: string): string[] {
  if (!existsSync(group)) return []
  const entries = readdirSync(group, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}
