// Prints each call, and passes it on to the second sidecar.
import http from 'node:http'

http
  .createServer((call, answer) => {
    console.log('heard', call.url)
    const { method, url: path, headers } = call
    const onward = http.request({ port: 7980, host: '127.0.0.1', method, path, headers }, (reply) => {
      answer.writeHead(reply.statusCode!, reply.headers)
      reply.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    call.pipe(onward)
  })
  .listen(7979, 'localhost')
process.on('SIGTERM', () => process.exit(0))
