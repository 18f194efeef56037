// Your sidecar. It stands where the app calls, and answers by itself, as the article's does.
import http from 'node:http'

// TODO pass-on: pass the call on to http://prices, and the answer back, as they come.
// TODO observe: one line of JSON for each call, and an id that goes along with it.
// TODO change: the token goes on, the customer stays here.
// TODO break: the price service has bad days. Try again where that does no harm, and never wait for long.
http
  .createServer((call, answer) => {
    console.log(`${call.method} ${call.url}`)
    answer.end('hello from the sidecar\n')
  })
  .listen(7979, '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
