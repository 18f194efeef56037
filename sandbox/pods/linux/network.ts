/** The pod network of the node: one network namespace per pod, joined to the node by a routed veth pair. */
import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Gateway of every pod, on the node's loopback interface; the node's services listen there for pods. */
export const gateway = '10.244.0.1'

// All of it belongs to the node itself: whoever listens there needs no command, and where nobody does, a
// connection is refused at once.
const serviceRange = '10.96.0.0/16'

/** The name server in every pod's resolv.conf: one of the addresses of Services. */
export const nameServer = '10.96.0.10'

/** A pod's place in the network. */
export interface PodNetwork {
  ip: string
  /** Held by a bind mount on this file: to be joined with setns(2). */
  namespaceFile: string
}

/** The networks of the pods of one node. */
export interface PodNetworks {
  /** Readies the node's side; once, before the first pod. Throws when the machine refuses. */
  prepare(): Promise<void>
  /** Idempotent for a uid. */
  add(uid: string): Promise<PodNetwork>
  get(uid: string): PodNetwork | undefined
  /** Takes away all of it; a no-op for an unknown uid. */
  remove(uid: string): Promise<void>
  /** All pods that are left. */
  stop(): Promise<void>
}

const poolSize = 65_533

interface Network extends PodNetwork {
  index: number
}

/**
 * Networks whose namespace files lie in `folder`. Addresses come from 10.244.0.0/16 in turn, so that one is not
 * given out again soon after its pod is gone. Routes per pod need neither a bridge nor br_netfilter.
 */
export function createPodNetworks(folder: string): PodNetworks {
  const networks = new Map<string, Promise<Network>>()
  const ready = new Map<string, PodNetwork>()
  const taken = new Set<number>()
  let last = 1

  function takeIndex(): number {
    if (taken.size >= poolSize) throw new Error(`all ${poolSize} pod addresses are in use`)
    do last = last >= poolSize ? 2 : last + 1
    while (taken.has(last))
    taken.add(last)
    return last
  }

  async function create(uid: string): Promise<Network> {
    const index = takeIndex()
    const ip = `10.244.${index >> 8}.${index & 255}`
    const network = { index, ip, namespaceFile: join(folder, uid) }
    try {
      writeFileSync(network.namespaceFile, '')
      await run('unshare', [`--net=${network.namespaceFile}`, 'ip', '-batch', '-'], podSide(ip, index))
      await run('ip', ['-batch', '-'], nodeSide(ip, index))
    } catch (error) {
      networks.delete(uid)
      await dismantle(network)
      throw error
    }
    ready.set(uid, network)
    return network
  }

  async function remove(uid: string): Promise<void> {
    const network = await networks.get(uid)?.catch(() => undefined)
    networks.delete(uid)
    ready.delete(uid)
    if (network) await dismantle(network)
  }

  /** Whatever of it there is. */
  async function dismantle({ index, namespaceFile }: Network): Promise<void> {
    // The namespace goes with its last file and process, and the veth pair with it, but in the kernel's own time.
    await Promise.allSettled([run('ip', ['link', 'del', linkName(index)]), run('umount', [namespaceFile])])
    rmSync(namespaceFile, { force: true })
    taken.delete(index)
  }

  return {
    async prepare() {
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder, { recursive: true })
      await run(
        'ip',
        ['-batch', '-'],
        ['link set lo up', `address add ${gateway}/32 dev lo`, `route add local ${serviceRange} dev lo`],
      )
      writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
    },
    add(uid) {
      const network = networks.get(uid) ?? create(uid)
      networks.set(uid, network)
      return network
    },
    get: (uid) => ready.get(uid),
    remove,
    async stop() {
      await Promise.all([...networks.keys()].map(remove))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function linkName(index: number): string {
  return `pod${index}`
}

function podSide(ip: string, index: number): string[] {
  return [
    'link set lo up',
    `link add eth0 type veth peer name ${linkName(index)} netns ${process.pid}`,
    `address add ${ip}/32 dev eth0`,
    'link set eth0 up',
    `route add ${gateway} dev eth0 scope link`,
    `route add default via ${gateway} dev eth0`,
  ]
}

function nodeSide(ip: string, index: number): string[] {
  return [
    `link set ${linkName(index)} up`,
    `route add ${ip} dev ${linkName(index)} scope link src ${gateway}`,
  ]
}

/** Throws with the tool's own words when it fails. */
function run(file: string, args: string[], input: string[] = []): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['pipe', 'ignore', 'pipe'] })
    let words = ''
    child.stderr.on('data', (chunk: Buffer) => (words += chunk))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`${file} ${args.join(' ')}: ${words.trim() || `exit code ${code}`}`))
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(input.map((line) => `${line}\n`).join(''))
  })
}
