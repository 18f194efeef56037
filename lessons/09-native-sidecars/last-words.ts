/** Judges the fourth step: whether all that the worker wrote has reached the backend, and how the shipper's end lost it. */
import { done, notYet, type Verdict } from '#sandbox/course/check.ts'
import type { Lab } from '#sandbox/course/lab.ts'
import type { Pod } from '#sandbox/objects.ts'
import { findRun, judgeJob } from './job.ts'
import { jobOf, sidecarsOf } from './shop.ts'

/**
 * Done when each line that the worker of this very Job printed was sent to a pod outside it, once. The name of the Job's
 * pod stands in the lines, so those of an earlier Job prove nothing.
 */
export async function judgeLastWords(lab: Lab): Promise<Verdict> {
  const verdict = await judgeJob(lab)
  if (verdict.verdict !== 'done') return verdict
  const { pod } = (await findRun(lab))!
  const written = await linesOf(
    lab,
    pod,
    pod.spec.containers.map(({ name }) => name),
  )
  const lines = written.filter((line) => line.includes(pod.metadata.name))
  const outside = await collect(lab, lines)
  const counts = lines.map((line) => outside.filter((each) => each.text.includes(line)))
  const lost = lines.filter((_, at) => counts[at]!.length === 0)
  if (lost.length > 0 || lines.length === 0) return await explainLost(lab, pod, lines, lost)
  const repeated = counts.find(({ length }) => length > 1)
  const { source, text } = (repeated ?? counts.at(-1)!)[0]!
  if (!repeated) return done(source, text)
  const because = `the worker wrote a line once, and it was sent ${repeated.length} times`
  return notYet(because, { evidence: { source, text }, hint: HINTS.twice })
}

async function explainLost(lab: Lab, pod: Pod, lines: string[], lost: string[]): Promise<Verdict> {
  const isAll = lost.length === lines.length
  const because = isAll
    ? `nothing of the report of ${pod.metadata.name} has reached the backend`
    : `${lines.length - lost.length} of ${lines.length} lines have reached the backend, and “${lost[0]}” has not`
  for (const { name } of sidecarsOf(pod)) {
    const said = await lab.logLines(pod.metadata.name, name)
    const source = `logs ${pod.metadata.name} -c ${name}`
    const refused = said.findLast((line) => /ECONNREFUSED|ECONNRESET|fetch failed|socket hang up/.test(line))
    if (refused) return notYet(because, { evidence: { source, text: refused }, hint: HINTS.order })
    const printed = said.find((line) => lines.some((each) => line.includes(each)))
    if (printed && isAll) return notYet(because, { evidence: { source, text: printed }, hint: HINTS.printed })
  }
  const evidence = lost[0] ? { source: `logs ${pod.metadata.name}`, text: lost.at(-1)! } : undefined
  const hasShipper = sidecarsOf(pod).some(sharesVolumeWith(pod))
  return notYet(because, { evidence, hint: hasShipper ? HINTS.flush : undefined })
}

/** Whether a container mounts an emptyDir that an ordinary container mounts too. */
function sharesVolumeWith({ spec }: Pod) {
  const volumes = new Set((spec.volumes ?? []).filter(({ emptyDir }) => emptyDir).map(({ name }) => name))
  const shared = spec.containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name))
  const names = new Set(shared.filter((name) => volumes.has(name)))
  return ({ volumeMounts = [] }: { volumeMounts?: { name: string }[] }) =>
    volumeMounts.some(({ name }) => names.has(name))
}

/** What the pods outside the Job have printed of these lines. */
async function collect(lab: Lab, lines: string[]): Promise<{ source: string; text: string }[]> {
  const pods = (await lab.pods()).filter((pod) => jobOf(pod) === undefined)
  const found = pods.flatMap((pod) =>
    pod.spec.containers.map(async ({ name }) => {
      const said = await lab.logLines(pod.metadata.name, name)
      const own = said.filter((text) => lines.some((line) => text.includes(line)))
      return own.map((text) => ({ source: `logs ${pod.metadata.name} -c ${name}`, text }))
    }),
  )
  return (await Promise.all(found)).flat()
}

async function linesOf(lab: Lab, pod: Pod, containers: string[]): Promise<string[]> {
  return (await Promise.all(containers.map((name) => lab.logLines(pod.metadata.name, name)))).flat()
}

const HINTS = {
  flush:
    'What the worker wrote last was not sent. It ends right after its last line, and SIGTERM comes at once: on SIGTERM look once more, wait until the line is sent, and exit then.',
  order:
    'The shipper found no proxy any more. Sidecars end in reverse order, so the one that others need stands first in initContainers: the proxy, then the shipper.',
  printed:
    'The lines are in the shipper’s own log, and nobody outside the pod has them. Send them: POST to http://127.0.0.1:7979/lines.',
  twice:
    'Two looks were under way at the same time, or a sent line was not counted as sent. Begin a look when the one before has ended, and move on by what was sent.',
}
