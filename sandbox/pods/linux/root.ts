/** What a container sees as its file system, as operations for container.pl: the host's programs read-only, the rest private. */
import { lstatSync, readFileSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { release } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { ContainerMount, PodIdentity } from '../runtime.ts'
import { nameFiles } from './name-files.ts'
import type { Operation } from './process.ts'

/** What every container of this machine shares, looked at once. */
export interface HostRoot {
  /** Folders of the host that containers see, read-only, at the same path. */
  bound: string[]
  /** Folders below those that were made writable. */
  opened: Set<string>
  operations: Operation[]
}

const systemFolders = [
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/nix/store',
  '/gnu/store',
]

// Programs of the host look here for libraries, certificates, names and types; nothing personal is among them.
const etcEntries =
  'alternatives bash.bashrc ca-certificates ca-certificates.conf crypto-policies fonts gai.conf host.conf inputrc ' +
  'java-17-openjdk ld.so.cache ld.so.conf ld.so.conf.d locale.alias localtime login.defs magic mime.types nginx ' +
  'nsswitch.conf os-release perl pki profile profile.d protocols rpc services shells ssl terminfo timezone'

const ownFolders: [path: string, mode: string][] = [
  ['/tmp', '1777'],
  ['/run', '755'],
  ['/run/lock', '1777'],
  ['/root', '700'],
  ['/home', '755'],
  ['/opt', '755'],
  ['/srv', '755'],
  ['/mnt', '755'],
  ['/var/cache', '755'],
  ['/var/lib', '755'],
  ['/var/log', '755'],
  ['/var/spool', '755'],
  ['/var/tmp', '1777'],
]

const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty']

/** Processes and threads of one container. */
const mostProcesses = 1024

const flags = { nosuid: 2, nodev: 4, noexec: 8, readOnly: 1 }
const quiet = String(flags.nosuid | flags.nodev | flags.noexec)

/** Looks at the host and plans what all containers share; `node` is the binary that they find as /usr/local/bin/node. */
export function readHostRoot(node: string): HostRoot {
  const system = systemFolders.flatMap((path) => sameOnHost(path))
  const etc = etcEntries.split(' ').flatMap((name) => sameOnHost(`/etc/${name}`))
  const shared = [...system, ...etc]
  const host: HostRoot = {
    bound: shared.filter(([name]) => name === 'bind').map(([, source]) => String(source)),
    opened: new Set(),
    operations: [
      ...shared,
      ...ownFolders.map(([path, mode]): Operation => ['folder', path, mode]),
      ['link', '/etc/mtab', '../proc/self/mounts'],
      ['link', '/var/run', '../run'],
      ['link', '/var/lock', '../run/lock'],
      ['file', '/etc/passwd', systemAccounts('/etc/passwd')],
      ['file', '/etc/group', systemAccounts('/etc/group')],
      ...kernelFileSystems(),
    ],
  }
  const nodeMount = { source: node, mountPath: '/usr/local/bin/node', readOnly: true }
  host.operations.push(...mountOperations(host.bound, host.opened, [nodeMount]))
  return host
}

/** What makes one container's root its own. */
export interface RootPlan {
  mounts: readonly ContainerMount[]
  /** Made when it is not there. */
  workingDir: string
  /** Nothing but volumes, /dev and /proc can be written to. */
  readOnly: boolean
}

/** The steps from a bare namespace to the root of one container; `folder` is any empty folder of the host. */
export function rootOperations(
  host: HostRoot,
  folder: string,
  pod: PodIdentity & { ip: string },
  { mounts, workingDir, readOnly }: RootPlan,
): Operation[] {
  const opened = new Set(host.opened)
  const own = mountOperations(host.bound, opened, mounts)
  return [
    ['root', folder],
    ...host.operations,
    ...nameFiles(pod),
    ...own,
    ['seal'],
    ...(readOnly ? [['folder', workingDir, ''] as const, ...lockOperations(opened)] : []),
    ['hostname', pod.domain && pod.isFullName ? `${pod.hostname}.${pod.domain}` : pod.hostname],
  ]
}

function lockOperations(opened: ReadonlySet<string>): Operation[] {
  return ['/', ...opened].map((folder): Operation => ['lock', folder])
}

/** A path of the host as it is there: a read-only bind, the same symbolic link, or nothing. */
function sameOnHost(path: string): Operation[] {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (!stat) return []
  return [stat.isSymbolicLink() ? ['link', path, readlinkSync(path)] : ['bind', path, path, 'ro']]
}

/** The host's accounts without its people: ids below 1000, and nobody's. */
function systemAccounts(file: string): string {
  return `${readFileSync(file, 'utf8').split('\n').filter(isSystemAccount).join('\n')}\n`
}

function isSystemAccount(line: string): boolean {
  const id = Number(line.split(':')[2])
  return id < 1000 || id === 65_534
}

function kernelFileSystems(): Operation[] {
  const fixed = ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq', '/proc/bus', '/proc/fs']
  return [
    ['mount', 'proc', '/proc', quiet, ''],
    ...processLimit(),
    ...fixed.filter(exists).map((path): Operation => ['bind', path, path, 'ro']),
    ['mount', 'sysfs', '/sys', String(Number(quiet) | flags.readOnly), ''],
    ['mount', 'tmpfs', '/dev', String(flags.nosuid), 'mode=755'],
    ...devices.map((name): Operation => ['bind', `/dev/${name}`, `/dev/${name}`, 'rw']),
    [
      'mount',
      'devpts',
      '/dev/pts',
      String(flags.nosuid | flags.noexec),
      'newinstance,ptmxmode=0666,mode=0620',
    ],
    ['mount', 'tmpfs', '/dev/shm', quiet, 'mode=1777'],
    ['link', '/dev/ptmx', 'pts/ptmx'],
    ['link', '/dev/fd', '/proc/self/fd'],
    ['link', '/dev/stdin', '/proc/self/fd/0'],
    ['link', '/dev/stdout', '/proc/self/fd/1'],
    ['link', '/dev/stderr', '/proc/self/fd/2'],
  ]
}

/** Against fork bombs. Since Linux 6.14 each process namespace has a pid_max of its own; before, only users have limits. */
function processLimit(): Operation[] {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  const hasOwnMaximum = major > 6 || (major === 6 && minor >= 14)
  if (hasOwnMaximum) return [['write', '/proc/sys/kernel/pid_max', String(mostProcesses)]]
  return [['limit', String(4 * mostProcesses)]]
}

/** Binds in order; where a mount point is missing below a read-only bind, the folder above is made writable first. */
function mountOperations(
  bound: readonly string[],
  opened: Set<string>,
  mounts: readonly ContainerMount[],
): Operation[] {
  return mounts.flatMap(({ source, mountPath, readOnly }) => {
    const gap = findGap(bound, mountPath)
    const opening = gap === undefined || opened.has(gap.folder) ? [] : openFolder(gap)
    if (gap !== undefined) opened.add(gap.folder)
    return [...opening, ['bind', realpathSync(source), mountPath, readOnly ? 'ro' : 'rw'] as const]
  })
}

/** Where a path leaves what the host has: a folder of the host, and the name in it that should become a mount point. */
interface Gap {
  folder: string
  name: string
}

function findGap(bound: readonly string[], path: string): Gap | undefined {
  let gap: Gap | undefined
  for (let at = path; gap === undefined; at = dirname(at)) {
    if (exists(dirname(at))) gap = { folder: realpathSync(dirname(at)), name: basename(at) }
  }
  const stat = lstatSync(join(gap.folder, gap.name), { throwIfNoEntry: false })
  // A symbolic link may lead out of what containers see, so the mount takes its place.
  const isMountPoint = stat !== undefined && !stat.isSymbolicLink()
  const isBound = bound.some((folder) => `${gap.folder}/`.startsWith(`${folder}/`))
  return isBound && !isMountPoint ? gap : undefined
}

/** A writable folder in the place of a read-only one, with the same entries save the gap's. */
function openFolder({ folder, name }: Gap): Operation[] {
  const entries = readdirSync(folder).filter((entry) => entry !== name)
  return [
    ['mount', 'tmpfs', folder, '0', 'mode=755'],
    ...entries.flatMap((entry) => sameOnHost(join(folder, entry))),
  ]
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
