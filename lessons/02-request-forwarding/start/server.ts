// The article's server with bad days. It starts late, and SIGUSR1 takes it away for two seconds. Leave it as it is.
import http from 'node:http'

const server = http.createServer((_request, response) => {
  console.log('receive a request!')
  response.end('Hello')
})
const listen = () => server.listen(7878, '127.0.0.1', () => console.log('here'))

setTimeout(listen, 3000)
process.on('SIGUSR1', () => {
  console.log('away')
  server.close()
  server.closeAllConnections()
  setTimeout(listen, 2000)
})
process.on('SIGTERM', () => process.exit(0))
