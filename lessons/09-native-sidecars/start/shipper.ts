// The second sidecar, of step 4. It sees the report grow, and does nothing about it yet.
import fs from 'node:fs'

const report = '/logs/report.log'

// TODO last-words: POST each new line to http://127.0.0.1:7979/lines, and when SIGTERM comes, what is left.
setInterval(() => {
  console.log(fs.existsSync(report) ? fs.statSync(report).size : 0, 'bytes')
}, 500)
