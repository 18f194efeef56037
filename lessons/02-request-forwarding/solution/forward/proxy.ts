// Your proxy. It stands at the door of the pod, and passes on what it is asked.
import http from 'node:http'

const app = { host: '127.0.0.1', port: 9000 }

// TODO headers: some headers are between two neighbors only, and one tells who asked.
// TODO fail: the app may be away, or silent. Say so, and live on.
http
  .createServer((request, response) => {
    const { method, url, headers } = request
    const onward = http.request({ ...app, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    request.pipe(onward)
  })
  .listen(8080)

process.on('SIGTERM', () => process.exit(0))
