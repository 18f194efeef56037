/** Judges the third step: a Job whose pod ends when its worker has, because the sidecar is told to go. */
import { done, notYet, type Verdict } from '#sandbox/course/check.ts'
import type { Lab } from '#sandbox/course/lab.ts'
import { statusesOf } from '#sandbox/course/subject.ts'
import type { ContainerStatus, Job, Pod } from '#sandbox/objects.ts'
import { JOBS } from '#sandbox/kinds.ts'
import { explainBlocked } from './blocked.ts'
import { PATIENCE_MS, jobOf, sidecarsOf } from './shop.ts'
import { secondsSince, timeOf } from './times.ts'

/** A Job and the pod of it that says most: of the Job that stands in the folder now, not of one that it replaced. */
export interface Run {
  job: Job
  pod: Pod
}

/** Done when the Job is complete and its native sidecars ended by themselves, right after the worker. */
export async function judgeJob(lab: Lab): Promise<Verdict> {
  let run: Run | undefined
  let verdict: Verdict | undefined
  const begin = Date.now()
  await lab.until(
    async () => {
      run = await findRun(lab)
      verdict = run && (judgeRun(run) ?? (await explainForGood(lab, run.pod)))
      // A healthy one takes four seconds, and one that was saved a moment ago may be about to begin.
      const isOld = !run || secondsSince(run.job.metadata.creationTimestamp) > PATIENCE_MS / 1_000
      return verdict ?? (isOld && Date.now() - begin > 4_000)
    },
    { timeoutMs: PATIENCE_MS, intervalMs: 150 },
  )
  if (verdict) return verdict
  if (!run) return notYet(`no pod of a Job runs in namespace ${lab.namespace}`)
  return (await explainBlocked(lab, run.pod))?.verdict ?? (await explainUnended(lab, run.pod))
}

async function explainForGood(lab: Lab, pod: Pod): Promise<Verdict | undefined> {
  const blocked = await explainBlocked(lab, pod)
  return blocked?.isFinal ? blocked.verdict : undefined
}

/** The newest Job of the namespace with its pod. */
export async function findRun(lab: Lab): Promise<Run | undefined> {
  const jobs = (await lab.list(JOBS)).filter(({ metadata }) => !metadata.deletionTimestamp)
  const job = jobs.toSorted((a, b) => compare(createdAt(a), createdAt(b))).at(-1)
  if (!job) return undefined
  const pods = (await lab.pods()).filter((pod) => jobOf(pod) === job.metadata.uid)
  const pod = pods.find(({ status }) => status.phase === 'Succeeded') ?? pods.at(-1)
  return pod && { job, pod }
}

/** undefined while all may still turn out well. */
function judgeRun({ job, pod }: Run): Verdict | undefined {
  const [sidecars, mains] = [sidecarsOf(pod), pod.status.containerStatuses ?? []]
  const names = new Set(sidecars.map(({ name }) => name))
  const all = statusesOf(pod)
  const source = `pod ${pod.metadata.name} .status`
  const evidence = { source, text: all.map(describe).join(', ') }
  const ended = mains.filter(({ state }) => state?.terminated?.exitCode === 0)
  if (ended.length === 0) return undefined
  if (isComplete(job)) {
    if (names.size === 0) return explainWithout(job, mains, evidence)
    const killed = all.find((status) => names.has(status.name) && wasKilled(status, ended))
    if (!killed) return done(`job ${job.metadata.name}, ${source}`, evidence.text)
    return notYet(`${killed.name} did not end by itself and was killed`, { evidence, hint: HINTS.deaf })
  }
  if ((Date.now() - lastEnd(ended)) / 1_000 < 4) return undefined
  if (ended.length < mains.length) {
    const lasting = mains.find(({ state }) => state?.running)
    if (!lasting) return undefined
    const because = `${ended[0]!.name} has ended, and Job ${job.metadata.name} waits for ${lasting.name}`
    return notYet(because, { evidence, hint: names.size > 0 ? HINTS.anotherOne : undefined })
  }
  const deaf = all.find(({ name, state }) => names.has(name) && state?.running)
  if (!deaf) return undefined
  const because = `${ended[0]!.name} has ended, and ${deaf.name} still runs although it was sent SIGTERM`
  return notYet(because, { evidence, hint: HINTS.deaf })
}

function explainWithout(
  job: Job,
  mains: ContainerStatus[],
  evidence: { source: string; text: string },
): Verdict {
  if (mains.length === 1)
    return notYet(`Job ${job.metadata.name} has no sidecar any more`, { evidence, hint: HINTS.alone })
  return notYet(`Job ${job.metadata.name} is complete, without a native sidecar`, {
    evidence,
    hint: HINTS.workAround,
  })
}

async function explainUnended(lab: Lab, pod: Pod): Promise<Verdict> {
  const [main] = pod.spec.containers
  const said = (await lab.logLines(pod.metadata.name, main!.name)).slice(-3).join('\n')
  const evidence = { source: `logs ${pod.metadata.name} -c ${main!.name}`, text: said || 'nothing' }
  return notYet(`${main!.name} has not ended yet: ${statusesOf(pod).map(describe).join(', ')}`, { evidence })
}

function isComplete({ status }: Job): boolean {
  return Boolean(status.conditions?.some(({ type, status: is }) => type === 'Complete' && is === 'True'))
}

/** Whether a sidecar was killed at the end of a grace period rather than ending when it was asked to. */
function wasKilled({ state }: ContainerStatus, ended: ContainerStatus[]): boolean {
  if (state?.terminated?.exitCode !== 137) return false
  return Date.parse(state.terminated.finishedAt ?? '') - lastEnd(ended) >= 5_000
}

function lastEnd(ended: ContainerStatus[]): number {
  return Math.max(...ended.map(({ state }) => Date.parse(state!.terminated!.finishedAt ?? '')))
}

function describe({ name, state }: ContainerStatus): string {
  if (state?.terminated)
    return `${name} ended ${timeOf(state.terminated.finishedAt)} with ${state.terminated.exitCode}`
  return `${name} ${state?.running ? 'runs' : (state?.waiting?.reason ?? 'waits')}`
}

function createdAt({ metadata }: Job): string {
  return metadata.creationTimestamp
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

const HINTS = {
  deaf: 'The kubelet sends each sidecar SIGTERM once the worker has ended, then waits for the whole grace period, 30 seconds, and kills. Hear it: process.on("SIGTERM", () => process.exit(0)).',
  anotherOne:
    'One sidecar is native, and another container that never ends is still an ordinary one. A Job waits for every container in its list of containers.',
  workAround:
    'It ends, by an agreement between worker and sidecar, which each new worker would have to know. Make the sidecar native, and the kubelet tells it.',
  alone:
    'Without the proxy there is nothing to wait for, and nothing that does its work. Bring it back, as an init container with restartPolicy: Always.',
}
