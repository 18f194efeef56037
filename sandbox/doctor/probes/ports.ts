/** Whether a server on 127.0.0.1 can be reached. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { messageOf } from '../../errors.ts'
import { fine, type Finding } from '../finding.ts'

/** Listens on a free port of 127.0.0.1, as the API server does, and connects to it. */
export async function examine(): Promise<Finding> {
  const tried = 'listening on a free port of 127.0.0.1, and connecting to it'
  const server = createServer((socket) => socket.end('hello'))
  try {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.setTimeout(2_000, () => socket.destroy(new Error('nobody answered within 2 s')))
    await once(socket, 'data')
    socket.destroy()
    return fine(tried, 'it answered')
  } catch (error) {
    const costs = 'nothing can speak to a cluster on this machine'
    const mend = 'allow connections to 127.0.0.1 in your firewall; ip addr show lo   shows whether it is up'
    return { state: 'broken', tried, found: messageOf(error), costs, mend }
  } finally {
    server.close()
  }
}
