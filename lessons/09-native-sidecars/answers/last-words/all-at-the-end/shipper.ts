// Sends the whole report once, when the worker has ended.
import fs from 'node:fs'

setInterval(() => {}, 60_000)
process.on('SIGTERM', async () => {
  const body = fs.readFileSync('/logs/report.log')
  await fetch('http://127.0.0.1:7979/report', { method: 'PUT', body })
  process.exit(0)
})
