// Sends line after line, each in a request of its own, and ends when there is no more after SIGTERM.
import fs from 'node:fs'
import http from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

const path = '/logs/report.log'
let isTold = false
process.on('SIGTERM', () => (isTold = true))

function post(line: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.request('http://127.0.0.1:7979/', { method: 'POST' }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode === 200))
    })
    request.on('error', () => resolve(false))
    request.end(line)
  })
}

for (let next = 0; ;) {
  const isLast = isTold
  const lines = fs.existsSync(path) ? fs.readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
  while (next < lines.length && (await post(lines[next]!))) next++
  if (isLast) process.exit(0)
  await pause(100)
}
