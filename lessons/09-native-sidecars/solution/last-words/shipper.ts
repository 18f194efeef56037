// The second sidecar: sends each line of the worker's report to the backend, through the proxy, and the last before it ends.
import fs from 'node:fs'

const report = '/logs/report.log'
/** How many bytes of the report the backend has. */
let sent = 0

/** Sends the whole lines that are new. What the backend does not take is tried again at the next look. */
async function ship(): Promise<void> {
  if (!fs.existsSync(report)) return
  const fresh = fs.readFileSync(report).subarray(sent)
  const end = fresh.lastIndexOf('\n') + 1
  if (end === 0) return
  const body = fresh.subarray(0, end)
  try {
    const answer = await fetch('http://127.0.0.1:7979/lines', { method: 'POST', body })
    if (answer.ok) sent += end
  } catch (error) {
    console.error('not sent:', (error as Error).cause ?? error)
  }
}

// One look after the other: two at the same time would send the same lines twice.
let looking = Promise.resolve()
function look(): Promise<void> {
  return (looking = looking.then(ship))
}

setInterval(look, 500)
process.on('SIGTERM', async () => {
  await look()
  process.exit(0)
})
