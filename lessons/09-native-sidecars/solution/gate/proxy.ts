// The sidecar: takes what comes to 127.0.0.1:7979, and passes it on to the backend.
import http from 'node:http'

const backend = process.env.BACKEND ?? 'http://backend'

const proxy = http.createServer((request, response) => {
  const { method, url, headers } = request
  console.log(method, url)
  const onward = http.request(`${backend}${url}`, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers)
    answer.pipe(response)
  })
  onward.on('error', (error) => {
    if (response.headersSent) response.destroy()
    else response.writeHead(502).end(`${error.message}\n`)
  })
  request.pipe(onward)
})

// A real proxy fetches its configuration and its certificates before it opens its port. This one takes a nap.
setTimeout(() => proxy.listen(7979, '127.0.0.1', () => console.log('listening')), 1_500)

// On all addresses of the pod: the kubelet asks from outside, where 127.0.0.1 is another one.
const health = http.createServer((_request, response) => {
  response.writeHead(proxy.listening ? 200 : 503).end()
})
health.listen(7980)

// TODO job: end when SIGTERM says that nobody needs you any more.
// TODO crash: listening is one thing, reaching the backend another.
