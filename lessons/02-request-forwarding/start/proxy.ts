// Your proxy. It stands at the door of the pod, and passes on what it is asked.
import http from 'node:http'

// TODO forward: pass the request on to 127.0.0.1:9000, and the answer back, as they come.
// TODO headers: some headers are between two neighbors only, and one tells who asked.
// TODO fail: the app may be away, or silent. Say so, and live on.
http
  .createServer((_request, response) => {
    response.writeHead(501).end('this proxy passes nothing on yet\n')
  })
  .listen(8080)
