/**
 * The node of the embedded cluster: one chain of processes, unshare → sh → engine → containers, in namespaces of
 * its own. Whichever link is killed, the kernel ends the rest: unshare's child dies with it (--kill-child), and a
 * process namespace dies with its first process. A shell is that first process because Node does not reap orphans.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Credentials } from './credentials.ts'
import { WorkshopError, messageOf } from '../errors.ts'
import { namespaceCommand } from '../pods/linux/isolation.ts'
import { identify, isAlive, signalProcess, type ProcessIdentity } from '../process-identity.ts'
import { cacheFolder } from '../paths.ts'
import { until } from '../until.ts'

/** The chain, as kept in the cluster's folder while it runs. */
export interface NodeProcess {
  /** The first link: `unshare`. */
  unshare: ProcessIdentity
  /** First process inside the namespaces; gone only when all others are. `undefined` until it was seen. */
  init?: ProcessIdentity
  port: number
}

/** Garbage is short-lived here: more room for it only makes a busy engine larger. In MiB, of which V8 takes three times. */
const SMALL_HEAP = ['--max-semi-space-size=4']

const ENGINE = fileURLToPath(new URL('./engine.ts', import.meta.url))

/**
 * Starts the chain for the cluster in `folder`, its API server bound to 127.0.0.1:`port` (0: any free one).
 * The engine serves only once `confirm` has handed it its credentials: were we killed before that, it would end.
 */
export async function startNodeProcess(
  folder: string,
  port: number,
): Promise<{ node: NodeProcess; confirm(credentials: Credentials): void }> {
  const server = await bind(port)
  const log = openSync(join(folder, 'engine.log'), 'a', 0o600)
  try {
    const [file = '', ...namespaces] = namespaceCommand()
    const child = spawn(
      file,
      [...namespaces, 'sh', '-c', '"$@" & wait $!', 'sh', process.execPath, ...SMALL_HEAP, ENGINE, folder],
      {
        detached: true,
        cwd: '/',
        env: engineEnvironment(),
        stdio: ['ignore', log, log, descriptorOf(server), 'pipe'],
      },
    )
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    child.unref()
    const unshare = identify(child.pid!)
    if (!unshare) throw new Error('unshare ended at once')
    const confirmation = child.stdio[4] as Writable
    // An engine that has ended already is found out by whoever waits for it to be ready.
    confirmation.on('error', () => {})
    return {
      node: { unshare, port: (server.address() as { port: number }).port },
      // Ended and let go: an open pipe to a cluster that runs on would keep this command from returning.
      confirm: (credentials) => confirmation.end(JSON.stringify(credentials), () => confirmation.destroy()),
    }
  } catch (error) {
    throw new WorkshopError(
      `the cluster's node can't be started: ${messageOf(error)}`,
      `see ${join(folder, 'engine.log')}`,
      { cause: error },
    )
  } finally {
    // Our copies must go, or connections would be accepted by a process that never answers them.
    server.close()
    closeSync(log)
  }
}

/** The same chain with its init known, once there is one. */
export function withInit(node: NodeProcess): NodeProcess {
  const pid = node.init?.pid ?? firstChildOf(node.unshare.pid)
  return { ...node, init: pid === undefined ? undefined : identify(pid) }
}

/** Whether the chain is whole enough to serve. */
export function isRunning(node: NodeProcess): boolean {
  return isAlive(node.unshare)
}

/** Ends every process of the chain and returns when the last is gone; throws when that takes over 10 s. */
export async function stopNodeProcess(node: NodeProcess): Promise<void> {
  const { unshare, init } = withInit(node)
  signalProcess(unshare, 'SIGKILL')
  if (init) signalProcess(init, 'SIGKILL')
  const gone = await until(() => !isAlive(unshare) && !(init && isAlive(init)), {
    timeoutMs: 10_000,
    intervalMs: 5,
  })
  if (!gone) {
    const pid = init?.pid ?? unshare.pid
    throw new WorkshopError(`process ${pid} of the cluster does not end`, `ps -o pid,stat,wchan,args ${pid}`)
  }
}

async function bind(port: number): Promise<Server> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
    return server
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why =
      code === 'EADDRINUSE' ? 'it is in use' : code === 'EACCES' ? 'it needs root' : messageOf(error)
    throw new WorkshopError(
      `the API server can't listen on 127.0.0.1:${port}: ${why}`,
      'npm run cluster up (without --port it takes a free one)',
      { cause: error },
    )
  }
}

/** The engine lives in a network namespace without the host's 127.0.0.1: it inherits the socket instead. */
function descriptorOf(server: Server): number {
  // Node has no public way to hand a listening socket to a program that is not Node.
  const { _handle: handle } = server as unknown as { _handle: { fd: number } }
  return handle.fd
}

/** Only what a node needs: a learner's tokens and proxies have no business in there. */
function engineEnvironment(): Record<string, string> {
  const { PATH = '/usr/bin:/bin' } = process.env
  // Debian's users have no sbin on their PATH, and ip, nft and nginx live there.
  const path = `${PATH}:/usr/local/sbin:/usr/sbin:/sbin`
  return { PATH: path, LANG: 'C.UTF-8', NODE_COMPILE_CACHE: join(cacheFolder(), 'compiled') }
}

function firstChildOf(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0]) || undefined
  } catch {
    return undefined
  }
}
