/** Who a container's processes are and what they may do, as operations for container.pl. */
import { readFileSync } from 'node:fs'
import { ContainerStartError, type ContainerSecurity } from '../runtime.ts'
import type { Operation } from './process.ts'

// The numbers are those of capabilities(7). Docker's own set without MKNOD: no device cgroup would make nodes harmless.
const usual: Record<string, number> = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  FOWNER: 3,
  FSETID: 4,
  KILL: 5,
  SETGID: 6,
  SETUID: 7,
  SETPCAP: 8,
  NET_BIND_SERVICE: 10,
  NET_RAW: 13,
  SYS_CHROOT: 18,
  AUDIT_WRITE: 29,
  SETFCAP: 31,
}

// Of the others those that end at the pod's own namespaces and processes.
const onRequest: Record<string, number> = {
  NET_BROADCAST: 11,
  NET_ADMIN: 12,
  IPC_LOCK: 14,
  IPC_OWNER: 15,
  SYS_PTRACE: 19,
  SYS_NICE: 23,
  LEASE: 28,
}

const lastCapability = 40

/** The capabilities to take away. Throws for one to be added that would reach the machine itself. */
export function capabilityOperations(security: ContainerSecurity | undefined): Operation[] {
  const { addCapabilities = [], dropCapabilities = [] } = security ?? {}
  const kept = new Set(dropCapabilities.some(isAll) ? [] : Object.values(usual))
  for (const name of addCapabilities) kept.add(numberOf(name))
  for (const name of dropCapabilities)
    if (!isAll(name)) kept.delete(usual[plain(name)] ?? onRequest[plain(name)]!)
  const all = Array.from({ length: lastCapability + 1 }, (_, capability) => capability)
  return all.filter((one) => !kept.has(one)).map((one): Operation => ['drop', String(one)])
}

function numberOf(name: string): number {
  const number = usual[plain(name)] ?? onRequest[plain(name)]
  if (number !== undefined) return number
  const can = Object.keys(onRequest).join(', ')
  throw new ContainerStartError(
    'CreateContainerConfigError',
    `capability ${name} would reach the machine itself; the embedded cluster adds ${can}`,
  )
}

function plain(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '')
}

function isAll(name: string): boolean {
  return plain(name) === 'ALL'
}

/** User and groups, and what they may become. Throws for an id that this machine does not let the engine use. */
export function userOperations(security: ContainerSecurity | undefined): Operation[] {
  const { user, groups = [], noNewPrivileges } = security ?? {}
  const gain: Operation[] = noNewPrivileges ? [['no_gain']] : []
  const group = security?.group ?? (user === undefined ? undefined : groupOf(user))
  if (user === undefined && group === undefined && groups.length === 0) return gain
  const ids = [user ?? 0, group ?? 0, ...groups]
  // An engine with one id is root already, and may not name groups.
  if (ids.every((id) => id === 0) && !areMapped([1])) return gain
  if (!areMapped(ids)) {
    const wanted = ids.filter((id) => id !== 0).join(', ')
    throw new ContainerStartError(
      'CreateContainerConfigError',
      `the embedded cluster was started by an ordinary user and has no ids but 0, so not ${wanted}: start it as root, ` +
        'or install uidmap and give the user a range in /etc/subuid and /etc/subgid',
    )
  }
  return [['groups', groups.join(' ')], ['group', String(group ?? 0)], ['user', String(user ?? 0)], ...gain]
}

/** The home that the image's /etc/passwd gives a user; every image here has the host's system accounts. */
export function homeOf(user: number | undefined): string {
  return user ? (accountOf(user)?.[5] ?? '/') : '/root'
}

function groupOf(user: number): number {
  return Number(accountOf(user)?.[3] ?? 0)
}

function accountOf(user: number): string[] | undefined {
  if (user >= 1000 && user !== 65_534) return undefined
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n')
  return accounts.map((line) => line.split(':')).find(([, , id]) => id === String(user))
}

function areMapped(ids: readonly number[]): boolean {
  const ranges = ['uid_map', 'gid_map'].map((file) =>
    readFileSync(`/proc/self/${file}`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number)),
  )
  return ranges.every((map) =>
    ids.every((id) => map.some(([first = 0, , count = 0]) => id >= first && id < first + count)),
  )
}
