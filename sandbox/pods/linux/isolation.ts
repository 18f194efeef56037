/** Whether this machine lets the embedded cluster isolate containers: it tries, and explains what stands in the way. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WorkshopError } from '../../errors.ts'
import { findBinary } from '../../find-binary.ts'
import { tryProcess } from './process.ts'
import { readHostRoot, rootOperations } from './root.ts'

// Debian's names; Fedora has perl-base in perl-interpreter and mount in util-linux.
const tools: [binary: string, debianPackage: string][] = [
  ['unshare', 'util-linux'],
  ['umount', 'mount'],
  ['ip', 'iproute2'],
  ['perl', 'perl-base'],
  ['sh', 'dash'],
]

/**
 * What the command of a node begins with: root needs no user namespace, everyone else does. With `ids` that has all
 * of the user's range in /etc/subuid, else root alone.
 */
export function namespaceCommand(asRoot: boolean = isRoot(), ids: boolean = hasIds()): string[] {
  const userNamespace = asRoot ? [] : ['--user', '--map-root-user', ...(ids ? ['--map-auto'] : [])]
  return ['unshare', ...userNamespace, '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
}

/** Whether this user may use more ids than one: newuidmap is there and lets them. Tried, like all here; takes 20 ms. */
function hasIds(): boolean {
  return !isRoot() && findBinary('newuidmap') !== undefined && runWithIds('true')
}

function runWithIds(...command: string[]): boolean {
  const withIds = ['--user', '--map-root-user', '--map-auto', ...command]
  return spawnSync('unshare', withIds, { stdio: 'ignore' }).status === 0
}

/** Removes a folder of a node that has ended, whichever id its containers wrote under. A no-op when it is gone. */
export async function removeNodeFolder(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true })
  } catch (error) {
    if (!hasIds() || !runWithIds('rm', '-rf', '--', folder)) throw error
  }
}

/**
 * Starts one container in a node namespace, as the engine will, and ends it. Answers what is missing with the
 * command that mends it, or nothing when all is well. Leaves nothing behind; takes some 30 ms.
 */
export async function tryIsolation(): Promise<WorkshopError | undefined> {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    return new WorkshopError(
      `the embedded cluster runs on Linux on x64 and arm64, this is ${process.platform} on ${process.arch}`,
      'run it in a Linux virtual machine, or use a cluster of kind',
    )
  }
  const missing = tools.filter(([binary]) => !findBinary(binary))
  if (missing.length > 0) {
    return new WorkshopError(
      `the embedded cluster needs ${missing.map(([binary]) => binary).join(' and ')}, which PATH does not have`,
      `sudo apt-get install ${missing.map(([, name]) => name).join(' ')}`,
    )
  }
  const network = 'ip link set lo up && ip link add probe type veth peer name eborp && exec "$@"'
  const words = await tryProcess(
    [...namespaceCommand(), 'sh', '-c', network, 'sh'],
    [
      ['processes'],
      ['namespaces'],
      ...rootOperations(readHostRoot(process.execPath), tmpdir(), probePod, plan),
      ['env', 'PATH=/usr/bin:/bin'],
      ['cwd', '/'],
      ['arg', 'sleep'],
      ['arg', '10'],
    ],
  )
  return words === undefined ? undefined : explain(words)
}

const plan = { mounts: [], workingDir: '/', readOnly: false }
const probePod = { uid: 'probe', namespace: 'default', name: 'probe', hostname: 'probe', ip: '10.244.0.2' }

interface Cause {
  applies(words: string): boolean
  means: string
  hint: string
}

// The first that applies wins. Settings are read only here, to explain a failure: none of them proves that it works.
const causes: Cause[] = [
  {
    applies: (words) => words.startsWith('unshare') && words.includes('No space left on device'),
    means: 'no more namespaces are allowed (the limit user.max_user_namespaces or one beside it)',
    hint: 'sudo sysctl user.max_user_namespaces=10000',
  },
  {
    applies: () => setting('kernel/unprivileged_userns_clone') === '0' && !isRoot(),
    means: 'only root may make user namespaces here (kernel.unprivileged_userns_clone is 0)',
    hint: 'sudo sysctl kernel.unprivileged_userns_clone=1',
  },
  {
    applies: () => setting('kernel/apparmor_restrict_unprivileged_userns') === '1' && !isRoot(),
    means: "Ubuntu's AppArmor lets an ordinary user make a user namespace but do nothing in it",
    hint: 'sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0   (until the next boot; or run as root)',
  },
  {
    applies: (words) => words.includes('mount_setattr') && words.includes('not implemented'),
    means: 'the kernel is older than 5.12, which brought mount_setattr',
    hint: 'uname -r   shows it; update the system, or use a cluster of kind',
  },
  {
    applies: (words) => /RTNETLINK answers: Operation not supported|Unknown device type/.test(words),
    means: 'the kernel has no veth network devices, or has not loaded them',
    hint: 'sudo modprobe veth',
  },
  {
    applies: (words) => isRoot() && /not permitted|denied/i.test(words),
    means: 'this root is not allowed to make namespaces or mounts, as in a container without CAP_SYS_ADMIN',
    hint: 'start that container with --privileged, or run the workshop outside of it',
  },
  {
    applies: (words) => /not permitted|denied/i.test(words),
    means: 'an ordinary user is not allowed to make namespaces or mounts here, as in most containers',
    hint: 'run the workshop as root, or outside of the container',
  },
]

function explain(words: string): WorkshopError {
  const cause = causes.find(({ applies }) => applies(words))
  const means = cause ? `: ${cause.means}` : ''
  const command = `${namespaceCommand().join(' ')} ip link set lo up`
  return new WorkshopError(
    `this machine does not let the embedded cluster isolate a container${means} (${words})`,
    cause?.hint ?? `${command}   shows whether the first step works`,
  )
}

function setting(path: string): string | undefined {
  try {
    return readFileSync(join('/proc/sys', path), 'utf8').trim()
  } catch {
    return undefined
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}
