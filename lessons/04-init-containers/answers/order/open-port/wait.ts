// Ends as soon as somebody listens.
import net from 'node:net'
import { setTimeout } from 'node:timers/promises'

const { hostname, port } = new URL(process.env.URL!)

function listens(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(Number(port), hostname)
    socket.once('connect', () => socket.end(() => resolve(true)))
    socket.once('error', () => resolve(false))
  })
}

while (!(await listens())) await setTimeout(100)
process.exit(0)
