/** Judges the last step: the sidecar is ended with SIGTERM in the middle of traffic, and each line must come out once. */
import { done, notYet, type Verdict } from '#sandbox/course/check.ts'
import { judgeOnce } from './shipping.ts'
import type { Shipper, Webserver } from './webserver.ts'

/** The requests that were under way during one restart: `<nonce>-restart-1` to `<nonce>-restart-<total>`. */
interface Traffic {
  nonce: string
  total: number
}

/**
 * Done when every line of that traffic was printed once. A pod that a check has restarted before is judged by the
 * lines of that time and by a new one: after each further restart the kubelet would wait longer.
 */
export async function judgeRestart(web: Webserver, { container, line }: Shipper): Promise<Verdict> {
  const source = `logs ${web.name} -c ${container}`
  const traffic = trafficIn(await web.logLines(container)) ?? (await restartInTraffic(web, container))
  if (!traffic) {
    const because = `container ${container} still runs, two seconds after SIGTERM`
    return notYet(because, { evidence: { source, text: line }, hint: HINTS.deaf })
  }
  const marks = [web.mark('hello'), ...marksOf(traffic)]
  const seen = await web.count(container, marks)
  if ((await web.status(container))?.state?.waiting) {
    return notYet(`container ${container} has ended, and the kubelet waits before it starts it again`, {
      evidence: { source: `pod ${web.name} .status.containerStatuses`, text: 'CrashLoopBackOff' },
    })
  }
  const fault = judgeOnce(web, container, seen, { repeated: HINTS.noNote, missing: HINTS.skipped })
  return fault ?? done(source, seen.get(marks.at(-1)!)![0]!)
}

/** The traffic of an earlier check, where both its beginning and its end are still in the log. */
function trafficIn(lines: string[]): Traffic | undefined {
  const [, nonce = '', total] =
    lines.map((line) => /(n[0-9a-z]+)-restart-end-(\d+) /.exec(line)).findLast(Boolean) ?? []
  const isWhole = lines.some((line) => line.includes(`${nonce}-restart-1 `))
  return total && isWhole ? { nonce, total: Number(total) } : undefined
}

/** Sends requests before, during and after a SIGTERM; undefined when the container does not end. */
async function restartInTraffic(web: Webserver, container: string): Promise<Traffic | undefined> {
  const before = await web.status(container)
  let total = 0
  while (total < 3) await web.visit(`restart-${++total}`)
  await web.count(container, [web.mark('restart-3')])
  await web.lab.exec(web.name, container, ['sh', '-c', 'kill -TERM 1'])
  const hasEnded = async () => {
    await web.visit(`restart-${++total}`)
    const now = await web.status(container)
    return now?.restartCount !== before?.restartCount || !now?.state?.running
  }
  if (!(await web.lab.until(hasEnded, { timeoutMs: 2_000 }))) return undefined
  const isBack = async () => Boolean((await web.status(container))?.state?.running)
  // The second restart of a container waits for ten seconds.
  await web.lab.until(isBack, { timeoutMs: 12_000 })
  await web.visit(`restart-end-${total}`)
  return { nonce: web.lab.nonce, total }
}

function marksOf({ nonce, total }: Traffic): string[] {
  const numbers = Array.from({ length: total }, (_, index) => `${index + 1}`)
  return [...numbers, `end-${total}`].map((number) => `${nonce}-restart-${number} `)
}

const HINTS = {
  deaf: 'Nothing happened on SIGTERM. Your program is PID 1 of its container, and PID 1 gets no default action: write process.on("SIGTERM", …), and end there.',
  noNote:
    'After the restart, lines came out again that were shipped before. Keep your place in a file of a volume, for the rest of the container is gone with it, and note it after each print.',
  skipped:
    'What was written around the restart is missing. Start where your note says, not at the end of the file, and note nothing before it is printed.',
}
