// The same with node:http.
import http from 'node:http'

process.on('SIGTERM', () => process.exit(0))
setInterval(() => {
  http
    .get('http://127.0.0.1:7878', (answer) => answer.on('data', (chunk) => console.log(`${chunk}`)))
    .on('error', (error) => console.error(error.message))
}, 700)
