/** Proves the embedded provider: up is idempotent, down leaves nothing, and so does a kill -9 of any of its links. */
import { existsSync, readFileSync, readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { silentProgress } from '#sandbox/cluster.ts'
import { NAMESPACES, NODES, PODS } from '#sandbox/client.ts'
import { connect, readKubeconfig } from '#sandbox/kubeconfig.ts'
import { until } from '#sandbox/until.ts'
import { cpuGroupsOf } from '#test/helpers/cpu-groups.ts'
import { cpuLimits } from '#test/helpers/cpu-limits.ts'
import { isolatedProvider, processesWith } from '#test/helpers/embedded-cluster.ts'
import { describeWith, root } from '#test/helpers/needs.ts'

const progress = silentProgress
const { provider, state } = await isolatedProvider()

afterEach(async () => {
  await provider.stop({ progress })
})

describe('up', () => {
  it('twice is one cluster, at the same address', async () => {
    await provider.start({ progress })
    const first = await provider.info()
    await provider.start({ progress })
    expect(await provider.info()).toEqual(first)
  })

  it('by two at once is one cluster', async () => {
    await Promise.all([provider.start({ progress }), provider.start({ progress })])
    expect((await provider.info()).running).toBe(true)
    expect(processesWith(engineOf(state)).length).toBeLessThanOrEqual(3)
  })

  it('of another state of the kit replaces the cluster that runs, and keeps its objects', async () => {
    await provider.start({ progress })
    const path = join(engineOf(state), 'node.json')
    const before = JSON.parse(readFileSync(path, 'utf8')) as { kit: string; unshare: { pid: number } }
    const client = connect(await readKubeconfig(await provider.kubeconfig()))
    await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kept' } })
    writeFileSync(path, JSON.stringify({ ...before, kit: 'older' }))
    await provider.start({ progress })
    const after = JSON.parse(readFileSync(path, 'utf8')) as typeof before
    expect(after.unshare.pid).not.toBe(before.unshare.pid)
    expect(after.kit).toBe(before.kit)
    const again = connect(await readKubeconfig(await provider.kubeconfig()))
    expect(await again.find(NAMESPACES, { name: 'kept' })).toBeDefined()
  })

  it('keeps kubeconfig and credentials to the learner alone', async () => {
    await provider.start({ progress })
    const path = await provider.kubeconfig()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(engineOf(state), 'credentials.json')).mode & 0o777).toBe(0o600)
    expect(statSync(engineOf(state)).mode & 0o777).toBe(0o700)
  })

  it('listens on 127.0.0.1 only', async () => {
    await provider.start({ progress })
    const port = Number(new URL((await provider.info()).server!).port)
    expect(listeningAddresses(port)).toEqual(['0100007F'])
  })

  it('says which port is in use', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    await expect(provider.start({ progress, port })).rejects.toMatchObject({
      message: `the API server can't listen on 127.0.0.1:${port}: it is in use`,
      hint: 'npm run cluster up (without --port it takes a free one)',
    })
    other.close()
    expect(processesWith(engineOf(state))).toEqual([])
  })

  it('after a kill -9 of everything starts again', async () => {
    await provider.start({ progress })
    for (const pid of processesWith(engineOf(state))) kill(pid)
    await until(() => processesWith(engineOf(state)).length === 0, { timeoutMs: 10_000 })
    await provider.start({ progress })
    expect((await provider.info()).running).toBe(true)
  })
})

describe('the processes of a cluster', () => {
  // Node names its main thread, and so its process.
  it.each(['unshare', 'sh', 'MainThread'])('are all gone after a kill -9 of its %s', async (name) => {
    await provider.start({ progress })
    const chain = processesWith(engineOf(state))
    const target = chain.find((pid) => commandOf(pid) === name)
    expect(target, `${name} among ${chain.map(commandOf).join(', ')}`).toBeDefined()
    kill(target!)
    expect(await until(() => processesWith(engineOf(state)).length === 0, { timeoutMs: 10_000 })).toBe(true)
    await expect(provider.kubeconfig()).rejects.toMatchObject({
      message: 'the embedded cluster is not running',
      hint: 'npm run cluster up',
    })
  })
})

describe('down', () => {
  it('ends every process, leaves no mount and no file', async () => {
    await provider.start({ progress })
    const inner = processesWith(engineOf(state)).find((pid) => commandOf(pid) === 'MainThread')
    const namespace = readlinkSync(`/proc/${inner}/ns/net`)
    expect(namespacesInUse()).toContain(namespace)
    await provider.stop({ progress })
    expect(processesWith(engineOf(state))).toEqual([])
    expect(existsSync(engineOf(state))).toBe(false)
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(state)
    expect(namespacesInUse()).not.toContain(namespace)
  })

  it('of a cluster that is not up is fine', async () => {
    await provider.stop({ progress })
    expect(await provider.info()).toMatchObject({ running: false })
  })
})

describeWith([root, cpuLimits], 'the control groups of a cluster', () => {
  const groups = () => cpuGroupsOf(join(engineOf(state), 'runtime'))

  async function startLimitedPod(): Promise<void> {
    await provider.start({ progress })
    const client = connect(await readKubeconfig(await provider.kubeconfig()))
    const node = await client.get(NODES, { name: 'sidecar-node' })
    expect(node.metadata.annotations).toMatchObject({
      'sidecar-workshop/cpu-limits': 'enforced by the kernel',
    })
    expect(groups()).toEqual([])
    const resources = { limits: { cpu: '500m' } }
    const containers = [{ name: 'main', image: 'node:24', command: ['sleep', '1000'], resources }]
    const metadata = { name: 'web', namespace: 'default' }
    await client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } })
    const isRunning = async () => (await client.get(PODS, metadata)).status?.phase === 'Running'
    expect(await until(isRunning, { timeoutMs: 10_000 })).toBe(true)
    expect(groups()).toHaveLength(2)
  }

  it('are gone after down', async () => {
    await startLimitedPod()
    await provider.stop({ progress })
    expect(groups()).toEqual([])
  })

  it('are gone after a kill -9 of everything and down', async () => {
    await startLimitedPod()
    for (const pid of processesWith(engineOf(state))) kill(pid)
    await until(() => processesWith(engineOf(state)).length === 0, { timeoutMs: 10_000 })
    expect(groups()).toHaveLength(2)
    await provider.stop({ progress })
    expect(groups()).toEqual([])
  })
})

describe('a state folder that can not be written', () => {
  it('is named, with what to do', async () => {
    // A file where the folder should be: root may write into any folder, but nobody into this.
    const file = join(state, 'occupied')
    writeFileSync(file, '')
    process.env.XDG_STATE_HOME = file
    try {
      await expect(provider.start({ progress })).rejects.toMatchObject({
        message: expect.stringContaining(`the state folder ${engineOf(file)} can't be written`) as string,
        hint: 'make it writable, or choose another place: XDG_STATE_HOME=/some/folder',
      })
    } finally {
      process.env.XDG_STATE_HOME = state
    }
  })
})

function engineOf(folder: string): string {
  return join(folder, 'sidecar-workshop/clusters/embedded')
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone with another link already.
  }
}

/** Local addresses, in hexadecimal, of TCP sockets that listen on the port. */
function listeningAddresses(port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const sockets = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    readFileSync(file, 'utf8').split('\n').slice(1),
  )
  const fields = sockets.map((line) => line.trim().split(/\s+/))
  return fields
    .filter(([, local, , status]) => status === '0A' && local?.endsWith(`:${hex}`))
    .map(([, local]) => local!.split(':')[0]!)
}

function namespacesInUse(): Set<string> {
  const links = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return new Set(
    links.flatMap((pid) => {
      try {
        return [readlinkSync(`/proc/${pid}/ns/net`)]
      } catch {
        return []
      }
    }),
  )
}
