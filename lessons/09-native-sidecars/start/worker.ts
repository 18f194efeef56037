// The worker of the Job: asks for three orders through the proxy, writes its report to a file, and ends.
import fs from 'node:fs'
import os from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'

const orders = 3

/** One line of the report; each begins with the name of the pod. */
function write(text: string): void {
  const line = `${os.hostname()} ${text}`
  fs.appendFileSync('/logs/report.log', `${line}\n`)
  console.log(line)
}

await pause(1_000)
for (let order = 1; order <= orders; order++) {
  const answer = await fetch(`http://127.0.0.1:7979/orders/${order}`)
  write(`order ${order}: ${answer.status}`)
  await pause(100)
}
write(`total: ${orders} orders`)
