/** Judges the first two steps: a server on the pod's localhost, and somebody beside it who calls it. */
import { done, notYet, type Check, type Verdict } from '#sandbox/course/check.ts'
import type { Lab } from '#sandbox/course/lab.ts'
import { onPod, statusesOf } from '#sandbox/course/subject.ts'
import type { Container, ContainerStatus, Pod } from '#sandbox/objects.ts'
import { patienceMs } from './patience.ts'

/** What the server prints for each request, and what it answers. */
const [REQUEST, HELLO] = ['receive a request!', 'Hello']

/** The learner's pod: a server, and perhaps somebody who calls it. */
interface Greeter {
  lab: Lab
  pod: Pod
  name: string
  /** All containers, by what they do. */
  server: string
  others: string[]
  /** Whether the server is server.ts, which says when it is there. */
  tells: boolean
}

/** Judges the pod that is not the shop as soon as its containers have started; they need not have lived on. */
export function onGreeter(judge: (greeter: Greeter) => Promise<Verdict>): Check {
  const subject = {
    what: 'the server of the first step: an image input-http-server, or server.ts',
    is: (pod: Pod) => serverOf(pod) !== undefined,
  }
  return onPod(subject, (lab, pod) => {
    const { name: server, image = '' } = serverOf(pod)!
    const others = statusesOf(pod).map(({ name }) => name)
    return judge({
      lab,
      pod,
      name: pod.metadata.name,
      server,
      others: others.filter((name) => name !== server),
      tells: !image.includes('input-http-server'),
    })
  })
}

/** Done when requests and answers have come in pairs since the check began. */
export async function judgeMeet(greeter: Greeter): Promise<Verdict> {
  const { lab, name, server, others, tells } = greeter
  if (others.length === 0) return notYet(`container ${server} is alone in pod ${name}: nobody calls it`)
  // server.ts begins to listen late, on purpose.
  if (tells) await lab.waitForLog(name, server, (lines) => lines.includes('here'), { timeoutMs: 6_000 })
  const before = await tally(greeter)
  const met = await lab.until(
    async () => {
      const now = await tally(greeter)
      const caller = now.callers.find(({ count }, at) => count > before.callers[at]!.count)
      return now.requests > before.requests && caller ? caller : undefined
    },
    { timeoutMs: patienceMs(greeter.pod, 4_000) },
  )
  if (met) return done(`logs ${name} -c ${met.container}`, HELLO)
  return (await explainSilence(greeter)) ?? notYet(`nobody has called container ${server} for four seconds`)
}

/** Done when the caller goes on by itself after the server was away, in the same run of its container. */
export async function judgeSurvive(greeter: Greeter): Promise<Verdict> {
  const { lab, name, server } = greeter
  const met = await judgeMeet(greeter)
  if (met.verdict === 'not yet') return (await explainDeath(greeter)) ?? (await explainPause(greeter)) ?? met
  const caller = met.evidence.source.split(' ').at(-1)!
  const lines = await lab.logLines(name, server)
  if (!lines.includes('here')) return notYet(`container ${server} is not server.ts`, { hint: HINTS.server })
  const dead = await explainDeath(greeter)
  if (dead) return dead
  const before = await tallyOf(lab, name, server, 'here')
  const status = await statusOf(lab, name, caller)
  await lab.exec(name, server, ['sh', '-c', 'kill -USR1 1'])
  const hasEnded = async () => {
    const now = await statusOf(lab, name, caller)
    return now?.restartCount !== status?.restartCount || !now?.state?.running
  }
  const isBack = async () => (await tallyOf(lab, name, server, 'here')) > before
  const isNext = async () => (await hasEnded()) || (await isBack())
  if (!(await lab.until(isNext, { timeoutMs: 8_000 }))) {
    throw new Error(`server.ts in container ${server} did not come back after SIGUSR1`)
  }
  const heard = await tallyOf(lab, name, caller, HELLO)
  const hasCalled = async () => (await tallyOf(lab, name, caller, HELLO)) > heard
  const isGoingOn = await lab.until(async () => (await hasEnded()) || (await hasCalled()), {
    timeoutMs: 4_000,
  })
  if (await hasEnded()) {
    return (await explainDeath(greeter)) ?? notYet(`container ${caller} ended while the server was away`)
  }
  const source = `logs ${name} -c ${caller}`
  const text = (await lab.logLines(name, caller)).slice(-3).join('\n')
  if (isGoingOn) return done(source, text)
  const because = 'the server came back, and nobody called it for four seconds'
  return notYet(because, { evidence: { source, text }, hint: HINTS.goneSilent })
}

function serverOf({ spec }: Pod): Container | undefined {
  const isServer = /input-http-server|\bserver\.(ts|js|mjs)\b/
  return spec.containers.find(({ image = '', command = [], args = [] }) =>
    [image, ...command, ...args].some((word) => isServer.test(word)),
  )
}

async function tally({ lab, name, server, others }: Greeter) {
  const [requests, ...counts] = await Promise.all([
    tallyOf(lab, name, server, REQUEST),
    ...others.map((container) => tallyOf(lab, name, container, HELLO)),
  ])
  return { requests, callers: others.map((container, at) => ({ container, count: counts[at]! })) }
}

async function tallyOf(lab: Lab, pod: string, container: string, word: string): Promise<number> {
  return (await lab.logLines(pod, container)).filter((line) => line.includes(word)).length
}

async function statusOf(lab: Lab, pod: string, container: string): Promise<ContainerStatus | undefined> {
  const found = await lab.pod(pod)
  return found && statusesOf(found).find(({ name }) => name === container)
}

/** Says of a caller that has ended, by itself or by an error, how it did. */
async function explainDeath({ lab, name, others }: Greeter): Promise<Verdict | undefined> {
  for (const container of others) {
    const status = await statusOf(lab, name, container)
    const ended = status?.state?.terminated ?? status?.lastState?.terminated
    if (!ended) continue
    const lines = await lab.logLines(name, container)
    const text =
      lines.findLast((line) => /refused|no answer|Error/i.test(line)) ?? lines.at(-1) ?? '(nothing)'
    const because = `container ${container} ended with exit code ${ended.exitCode}, and was started again`
    const hint = ended.exitCode === 0 ? HINTS.endsPolitely : HINTS.dies
    return notYet(because, { evidence: { source: `logs ${name} -c ${container} --previous`, text }, hint })
  }
  return undefined
}

/** Says of a caller that lives, and has called in vain long ago. */
async function explainPause({ lab, name, others }: Greeter): Promise<Verdict | undefined> {
  for (const container of others) {
    const text = (await lab.logLines(name, container)).findLast((line) => /refused|no answer/i.test(line))
    const evidence = { source: `logs ${name} -c ${container}`, text: text ?? '' }
    const because = `container ${container} called in vain, and not again for four seconds`
    if (text !== undefined) return notYet(because, { evidence, hint: HINTS.goneSilent })
  }
  return undefined
}

async function explainSilence(greeter: Greeter): Promise<Verdict | undefined> {
  const { lab, name, server, others } = greeter
  const requests = await tallyOf(lab, name, server, REQUEST)
  const container = others[0]!
  const text = (await lab.logLines(name, container)).at(-1) ?? '(nothing)'
  const evidence = { source: `logs ${name} -c ${container}`, text }
  if (requests > 0) {
    const because = `container ${server} is called, and nobody prints what it says`
    return notYet(because, { evidence, hint: HINTS.mute })
  }
  const hint = /refused|no answer/i.test(text) ? HINTS.elsewhere : HINTS.slow
  return notYet(`container ${server} has not been called`, { evidence, hint })
}

const HINTS = {
  dies: 'A call in vain ended the program. ECONNREFUSED is an answer, “not now”: catch it around the call, pause, and call again.',
  endsPolitely:
    'The program ended by itself, so the kubelet starts it again and again, later each time. A sidecar stays: pause, and call again.',
  server:
    'Put server.ts in the place of the image: image node:24, command [node, /code/server.ts], and the ConfigMap “code” mounted at /code.',
  goneSilent:
    'It lives, and it has given up, or waits too long. Call again as long as you live, and let the pause grow to two seconds at most.',
  mute: 'The calls arrive. Print the body of each answer, a line for each.',
  elsewhere:
    'The calls go to another address. The containers of a pod share localhost: the server is at http://localhost:7878.',
  slow: 'The article’s sidecar calls every 15 seconds. Set INTERVAL_SECONDS to "1" in its env, with the quotes: a value is a text.',
}
