/** Judges the steps with the archive: the old entries come, in the right order, and come once although a network broke. */
import { done, notYet, type Verdict } from '#sandbox/course/check.ts'
import type { Lab } from '#sandbox/course/lab.ts'
import type { ContainerStatus } from '#sandbox/objects.ts'
import { mentions, type Guestbook, type Judge } from './guestbook.ts'

/** Done when the page shows each old entry once, and no init container has failed but over an answer that was cut. */
export const order: Judge = { judge: judgeOrder, explainInit: explainOrder }

/** Done when the archive has cut an answer to this very pod, and the page shows each old entry once all the same. */
export const again: Judge = { judge: judgeAgain, explainInit: explainAgain }

async function judgeOrder(guestbook: Guestbook): Promise<Verdict> {
  const fault = await compare(guestbook, {})
  if (fault) return fault
  const statuses = [...(await guestbook.statuses()).values()]
  const failed = statuses.find((each) => isInit(guestbook, each.name) && hasFailedBefore(each))
  if (failed && !(await cutLine(guestbook))) {
    const because = `init container ${failed.name} failed before it succeeded`
    const lines = await guestbook.logLines(failed.name)
    const evidence = guestbook.lastWords(failed.name, lines)
    return notYet(because, { evidence, hint: hintForOrder(guestbook, failed.name, lines.join('\n')) })
  }
  return done(`pod ${guestbook.name} .status.initContainerStatuses`, await guestbook.timeline())
}

async function explainOrder(guestbook: Guestbook, init: ContainerStatus): Promise<Verdict> {
  return await guestbook.failure(init, (text) => hintForOrder(guestbook, init.name, text))
}

function hintForOrder({ inits }: Guestbook, failed: string, text: string): string | undefined {
  const at = inits.findIndex(({ name }) => name === failed)
  const [earlier, later] = [inits.slice(0, at), inits.slice(at + 1)]
  if (/EACCES|ENOENT/.test(text)) return later.length > 0 ? HINTS.order : undefined
  if (!/50\d|ECONN|ENOTFOUND|EAI_AGAIN|fetch failed/.test(text)) return undefined
  const isAboutArchive = (each: (typeof inits)[number]) => mentions(each, 'archive')
  if (later.some(isAboutArchive)) return HINTS.order
  return earlier.some(isAboutArchive) ? HINTS.notReady : HINTS.nobodyWaits
}

async function judgeAgain(guestbook: Guestbook): Promise<Verdict> {
  const cut = await cutLine(guestbook)
  if (!cut) {
    const text = await lastLine(guestbook.lab)
    return notYet('the archive has not cut an answer to this pod yet', {
      evidence: { source: 'logs archive', text },
    })
  }
  const fault = await compare(guestbook, { missing: HINTS.half, repeated: HINTS.twice })
  return fault ?? done('logs archive', `${cut}\n${await importedLine(guestbook)}`)
}

async function explainAgain(guestbook: Guestbook, init: ContainerStatus): Promise<Verdict> {
  return await guestbook.failure(init, (text) => (/EEXIST|exists/.test(text) ? HINTS.exists : undefined))
}

/** Why the page does not show each entry of the archive once, or nothing where it does. */
async function compare(
  guestbook: Guestbook,
  hints: { missing?: string; repeated?: string },
): Promise<Verdict | undefined> {
  const entries = await oldEntries(guestbook)
  if (!entries) {
    const text = await lastLine(guestbook.lab)
    const evidence = { source: 'logs archive', text }
    return notYet('the pod archive does not hand out its entries', { evidence })
  }
  const page = (await guestbook.page()) ?? ''
  const source = `GET / of pod ${guestbook.name}`
  const counts = entries.map((entry) => page.split(entry).length - 1)
  const repeated = entries.find((_, index) => counts[index]! > 1)
  if (repeated) {
    const because = 'the page shows an old entry more than once'
    return notYet(because, { evidence: { source, text: repeated }, hint: hints.repeated })
  }
  const found = counts.filter((count) => count === 1).length
  if (found === entries.length) return undefined
  const because = `the archive has ${entries.length} old entries, and the page shows ${found} of them`
  const text = page.trim().split('\n').slice(-4).join('\n')
  return notYet(because, { evidence: { source, text }, hint: found > 0 ? hints.missing : undefined })
}

/** What the archive hands out, asked for under the pod's own name, for which it has it at hand by now. */
async function oldEntries({ lab, pod }: Guestbook): Promise<string[] | undefined> {
  const answer = await lab.until(
    async () => {
      const { status, body } = (await lab.request('archive', 8080, `/book?for=${pod.metadata.uid}`)) ?? {}
      return status === 200 ? body : undefined
    },
    { timeoutMs: 5_000 },
  )
  return answer?.trim().split('\n')
}

async function lastLine(lab: Lab): Promise<string> {
  return (await lab.logLines('archive', 'archive')).at(-1) ?? '(nothing)'
}

async function cutLine({ lab, pod }: Guestbook): Promise<string | undefined> {
  const lines = await lab.logLines('archive', 'archive')
  return lines.find((line) => line.includes(pod.metadata.uid) && line.endsWith(' cut'))
}

/** What the init container says that was cut off, or the times of all of them. */
async function importedLine(guestbook: Guestbook): Promise<string> {
  const { name } = guestbook.inits.findLast((init) => mentions(init, 'cut=')) ?? guestbook.inits.at(-1)!
  return (await guestbook.logLines(name)).at(-1) ?? (await guestbook.timeline())
}

/** Whether a run before this one has ended badly by itself: not by a signal, as when the node stops. */
function hasFailedBefore({ lastState }: ContainerStatus): boolean {
  return ![0, 137, 143].includes(lastState?.terminated?.exitCode ?? 0)
}

function isInit({ inits }: Guestbook, name: string): boolean {
  return inits.some((init) => init.name === name)
}

const HINTS = {
  nobodyWaits:
    'It asked before the archive was ready, and failed. The kubelet tries again, after 10 seconds, then 20, then 40. Put a container above it that waits for http://archive:8080/ready?for=… to answer 200.',
  notReady:
    'A container above it did wait, and not for long enough. An open port, or any answer at all, is not yet a service that is ready: ask again until the status is 200.',
  order:
    'What it needs is made by a container further down. Init containers run from top to bottom, one after the other: put it below those whose work it needs.',
  exists:
    'The second run stumbled over what the first one had left. An init container has to expect its own remains: write over them, or know a finished file from half of one.',
  half: 'Half a book was taken for a whole one. That a file exists shows that a run has begun, not that one has ended. Write to another name, and rename when all of it is there.',
  twice:
    'The second run began from the top, behind what the first one had left. Running twice has to come to the same as running once: write the whole file anew.',
}
