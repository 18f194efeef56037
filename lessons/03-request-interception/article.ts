/** Judges the article's pod: whether its workload gets an answer from a neighbor in the same pod. */
import { done, notYet, type Verdict } from '#sandbox/course/check.ts'
import type { Lab } from '#sandbox/course/lab.ts'
import { onPod, statusesOf } from '#sandbox/course/subject.ts'
import type { Container, Pod } from '#sandbox/objects.ts'

/** Done when the workload prints one more answer 200 since the check began, and asks localhost for it. */
export const judgeMeet = onPod(
  { what: 'the image output-workload', is: ({ spec }) => spec.containers.some(isWorkload) },
  async (lab, pod) => {
    const workload = pod.spec.containers.find(isWorkload)!
    const { name } = pod.metadata
    const source = `logs ${name} -c ${workload.name}`
    const before = (await lab.logLines(name, workload.name)).length
    const lines = await lab.waitForLog(name, workload.name, (all) => all.slice(before).some(isAnswered))
    const answer = lines.slice(before).findLast(isAnswered)
    const target = targetOf(workload)
    if (target && !isLocal(target)) {
      const evidence = { source: `pod ${name} .spec.containers`, text: `TARGET_URL=${target.href}` }
      return notYet(`the workload asks ${target.host}, which is not its neighbor`, {
        evidence,
        hint: HINTS.elsewhere,
      })
    }
    if (answer) return done(source, answer)
    return await explain(lab, pod, { source, text: lines.at(-1) ?? '(nothing)' })
  },
)

async function explain(lab: Lab, pod: Pod, evidence: { source: string; text: string }): Promise<Verdict> {
  const neighbors = statusesOf(pod).filter(({ image }) => !isWorkload({ name: '', image }))
  const because = 'the workload asks its neighbor once a second, and gets no answer 200'
  if (neighbors.length === 0) {
    const others = (await lab.pods()).filter(({ metadata }) => metadata.name !== pod.metadata.name)
    const isElsewhere = others.some(({ spec }) => spec.containers.some(isGreeter))
    return notYet(`the workload is alone in pod ${pod.metadata.name}`, {
      evidence,
      hint: isElsewhere ? HINTS.otherPod : undefined,
    })
  }
  if (evidence.text.startsWith('HttpResponse(404'))
    return notYet(because, { evidence, hint: HINTS.otherPath })
  const isRunning = neighbors.some(({ state }) => state?.running)
  const isRefused = isRunning && evidence.text.includes('ECONNREFUSED')
  return notYet(because, { evidence, hint: isRefused ? HINTS.otherPort : undefined })
}

function isAnswered(line: string): boolean {
  return line.startsWith('HttpResponse(200 OK')
}

function isWorkload({ image = '' }: Container): boolean {
  return image.includes('output-workload')
}

function isGreeter({ image = '' }: Container): boolean {
  return image.includes('sidecar-output')
}

/** Whom the manifest has the workload ask; undefined where it leaves that to the image. */
function targetOf({ env = [] }: Container): URL | undefined {
  const value = env.find(({ name }) => name === 'TARGET_URL')?.value
  return value !== undefined && URL.canParse(value) ? new URL(value) : undefined
}

function isLocal({ hostname }: URL): boolean {
  return /^(localhost|127\..*|\[::1\])$/.test(hostname)
}

const HINTS = {
  elsewhere:
    'The workload asks somebody else now, so nobody stands between. Leave TARGET_URL alone, and put the sidecar where the workload looks: into the same pod.',
  otherPod:
    'The sidecar runs in a pod of its own, and localhost ends at the pod. Put it into the same pod as the workload.',
  otherPort:
    'A neighbor runs, and nobody listens where the workload knocks. Both have to mean the same port: 7979 unless one of them is told otherwise.',
  otherPath: 'The sidecar answers, and has no such page. It greets on /hello only.',
}
