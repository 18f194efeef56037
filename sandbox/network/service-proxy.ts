/** Carries TCP connections from the address of a Service to its endpoints in turn, as kube-proxy has the kernel do. */
import { type Server, type Socket, connect, createServer } from 'node:net'
import { messageOf } from '../errors.ts'
import type { Endpoint, ServiceRef, ServiceTable } from './services.ts'

/** The open ports of all Services. */
export interface ServiceProxy {
  /** Opens and closes ports of one Service as it is now. Connections that are open stay so. */
  update(ref: ServiceRef, table: ServiceTable): void
  /** Closes all ports. */
  stop(): void
}

/**
 * Listens where a Service with an address has a ready endpoint: elsewhere a connection is refused, as by kube-proxy.
 * Needs 10.96.0.0/16 to be local to this network namespace. Pods see the node's address as their client's.
 */
export function createServiceProxy(): ServiceProxy {
  const open = new Map<string, Map<string, Server>>()

  return {
    update(ref, table) {
      const key = `${ref.namespace}/${ref.name}`
      const current = open.get(key) ?? new Map<string, Server>()
      const wanted = portsToOpen(table, ref)
      for (const [address, server] of current) {
        if (wanted.has(address)) continue
        server.close()
        current.delete(address)
      }
      for (const [address, { host, port, portName }] of wanted) {
        if (current.has(address)) continue
        const server = listen(
          host,
          port,
          takeTurns(() => table.endpoints(ref, portName)),
        )
        current.set(address, server)
        server.once('error', (error) => {
          current.delete(address)
          process.stderr.write(`service ${key} can't listen on ${address}: ${messageOf(error)}\n`)
        })
      }
      if (current.size > 0) open.set(key, current)
      else open.delete(key)
    },
    stop() {
      for (const servers of open.values()) for (const server of servers.values()) server.close()
      open.clear()
    },
  }
}

function portsToOpen(table: ServiceTable, ref: ServiceRef) {
  const { clusterIP: host, ports = [] } = table.find(ref)?.spec ?? {}
  if (!host || host === 'None') return new Map<string, never>()
  return new Map(
    ports
      .filter(
        ({ protocol = 'TCP', name = '' }) => protocol === 'TCP' && table.endpoints(ref, name).length > 0,
      )
      .map(({ port, name = '' }) => [`${host}:${port}`, { host, port, portName: name }]),
  )
}

function takeTurns(endpoints: () => Endpoint[]): () => Endpoint | undefined {
  let turn = 0
  return () => {
    const ready = endpoints()
    return ready[turn++ % ready.length]
  }
}

function listen(host: string, port: number, next: () => Endpoint | undefined): Server {
  const options = { allowHalfOpen: true, noDelay: true, pauseOnConnect: true }
  return createServer(options, (client) => carry(client, next())).listen(port, host)
}

function carry(client: Socket, endpoint: Endpoint | undefined): void {
  if (!endpoint) return void client.resetAndDestroy()
  const server = connect({ host: endpoint.ip, port: endpoint.port, allowHalfOpen: true, noDelay: true })
  join(client, server)
  join(server, client)
}

/** A connection that breaks is reset on the other side too, not ended in peace: `pipeline` would do that. */
function join(from: Socket, to: Socket): void {
  from.pipe(to)
  from.on('error', () => to.resetAndDestroy())
}
