// A proxy of connections.
import net from 'node:net'

net
  .createServer((caller) => {
    const app = net.connect(9000, '127.0.0.1')
    app.on('error', () => caller.destroy())
    caller.on('error', () => app.destroy())
    caller.pipe(app).pipe(caller)
  })
  .listen(8080)
process.on('SIGTERM', () => process.exit(0))
