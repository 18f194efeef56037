/** Judges the last step: a sidecar that is restarted alone, and a pod that is given no visitors while it can't serve them. */
import { done, notYet, type Verdict } from '#sandbox/course/check.ts'
import type { Container, Pod } from '#sandbox/objects.ts'
import { judgeNative } from './race.ts'
import { jobOf, type Shop } from './shop.ts'

/** Done when the pod was not ready while the backend was down, and an end of the sidecar left the app alone. */
export async function judgeCrash(shop: Shop): Promise<Verdict> {
  const fault = (await judgeNative(shop)) ?? (await judgeReadiness(shop))
  if (fault) return fault
  const [sidecar] = await shop.carriers(shop.sidecars)
  return await judgeRestart(shop, sidecar ?? shop.sidecars[0]!.name)
}

/** Takes the backend down for a moment; undefined when the pod was not ready then, and nobody was restarted for it. */
async function judgeReadiness(shop: Shop): Promise<Verdict | undefined> {
  const source = `pod ${shop.name} .status.conditions`
  const containers = [...shop.sidecars, ...shop.ordinary]
  if (!(await waitForReady(shop, true, 5_000))) {
    const evidence = { source, text: await readiness(shop) }
    const because = 'the backend answers, and the pod is not ready'
    return notYet(because, { evidence, hint: explainUnready(containers) })
  }
  const outage = await inOutage(shop, () => watchOutage(shop, containers))
  const evidence = { source, text: outage.readiness }
  if (outage.isRestarted) {
    const because = 'the backend was down, and a container of this pod was restarted for it'
    return notYet(because, { evidence, hint: HINTS.liveness })
  }
  if (outage.isUnready) return undefined
  const because = 'the backend was down, and the pod went on being ready'
  return notYet(because, { evidence, hint: explainReady(containers) })
}

/** Runs `watch` while the backend is down: nobody but this pod may need it then, so a Job may end first. */
async function inOutage<T>(shop: Shop, watch: () => Promise<T>): Promise<T> {
  const { lab } = shop
  const backend = await findBackend(shop)
  if (!backend) throw new Error(`no pod has printed the request /${lab.nonce} of pod ${shop.name}`)
  await lab.until(async () => !(await lab.pods()).some(isJobRunning), { timeoutMs: 5_000 })
  const sh = (script: string) => lab.exec(backend.pod, backend.container, ['sh', '-c', script])
  await sh('touch /tmp/down')
  try {
    return await watch()
  } finally {
    await sh('rm -f /tmp/down')
  }
}

function isJobRunning(pod: Pod): boolean {
  return jobOf(pod) !== undefined && pod.status.phase === 'Running'
}

async function watchOutage(shop: Shop, containers: Container[]) {
  const before = await restarts(shop)
  // A probe that looks seldom is told so at once, and need not be waited for.
  const isUnready = await waitForReady(shop, false, containers.some(asksOften) ? 5_000 : 0)
  const hasLiveness = containers.some(({ livenessProbe }) => livenessProbe)
  const hasRestarted = async () => (await restarts(shop)) !== before
  const isRestarted = hasLiveness && (await shop.lab.until(hasRestarted, { timeoutMs: 4_500 })) === true
  return { isUnready, isRestarted, readiness: await readiness(shop) }
}

/** Ends the sidecar, once in the life of a pod: each restart more would make the kubelet wait longer. */
async function judgeRestart(shop: Shop, sidecar: string): Promise<Verdict> {
  const { lab, name } = shop
  const source = `pod ${name} .status`
  const hasRestarted = async () => ((await shop.status(sidecar))?.restartCount ?? 0) > 0
  if (!(await hasRestarted())) {
    await lab.exec(name, sidecar, ['sh', '-c', 'kill -TERM 1'])
    if (!(await lab.until(hasRestarted, { timeoutMs: 4_500 }))) {
      const because = `container ${sidecar} still runs, although it was sent SIGTERM`
      return notYet(because, { hint: HINTS.deaf })
    }
  }
  const text = await restarts(shop)
  if (!(await waitForReady(shop, true, shop.leftMs))) {
    const because = 'backend and sidecar are back, and the pod has not become ready again'
    return notYet(because, { evidence: { source, text: await readiness(shop) } })
  }
  const crash = await shop.crashed()
  if (!crash) return done(source, `${text}; ready only while the backend answers`)
  const evidence = { source: `logs ${name} -c ${crash.name}`, text: crash.said }
  return notYet(`${crash.name} died with its sidecar`, { evidence })
}

/** The container outside this pod that has printed what the app asked for. */
async function findBackend({ lab, name }: Shop): Promise<{ pod: string; container: string } | undefined> {
  const pods = (await lab.pods()).filter((pod) => pod.metadata.name !== name && !jobOf(pod))
  for (const { metadata, spec } of pods) {
    for (const { name: container } of spec.containers) {
      const lines = await lab.logLines(metadata.name, container)
      if (lines.some((line) => line.includes(lab.nonce))) return { pod: metadata.name, container }
    }
  }
  return undefined
}

async function waitForReady({ lab, name }: Shop, isReady: boolean, timeoutMs: number): Promise<boolean> {
  const has = (pod: Pod) => (readyCondition(pod)?.status === 'True') === isReady
  const pod = await lab.waitForPod(name, has, { timeoutMs, intervalMs: 100 })
  return pod !== undefined && has(pod)
}

async function readiness({ lab, name }: Shop): Promise<string> {
  const condition = readyCondition(await lab.pod(name))
  return `Ready ${condition?.status ?? 'Unknown'}${condition?.message ? `: ${condition.message}` : ''}`
}

function readyCondition(pod: Pod | undefined) {
  return pod?.status.conditions?.find(({ type }) => type === 'Ready')
}

async function restarts(shop: Shop): Promise<string> {
  const containers = [...shop.sidecars, ...shop.ordinary]
  const counts = containers.map(async ({ name }) => `${name} ${(await shop.status(name))?.restartCount ?? 0}`)
  return `restarts: ${(await Promise.all(counts)).join(', ')}`
}

function asksOften({ readinessProbe }: Container): boolean {
  if (!readinessProbe) return false
  const { periodSeconds = 10, failureThreshold = 3 } = readinessProbe
  return periodSeconds * failureThreshold <= 4
}

function explainUnready(containers: Container[]): string | undefined {
  if (containers.some(({ livenessProbe }) => livenessProbe)) return HINTS.liveness
  if (containers.some(asksOften)) return HINTS.neverReady
  return containers.some(({ readinessProbe }) => readinessProbe) ? HINTS.slow : undefined
}

function explainReady(containers: Container[]): string | undefined {
  if (containers.some(asksOften)) return HINTS.alwaysReady
  return containers.some(({ readinessProbe }) => readinessProbe) ? HINTS.slow : undefined
}

const HINTS = {
  alwaysReady:
    'The readiness probe goes on succeeding while the backend is down. Let the endpoint that it asks ask the backend, and answer 503 where that does not answer well.',
  slow: 'The probe would notice, but late: it takes periodSeconds × failureThreshold. For this lesson let it ask each second, and believe the first failure.',
  liveness:
    'A liveness probe must not ask for what is outside the container. Restarting the proxy brings no backend back, and an outage becomes two. Ask the backend in the readiness probe only.',
  neverReady:
    'The readiness probe fails although the backend answers. Ask its endpoint yourself with kubectl get --raw, and see what it says.',
  deaf: 'Nothing happened on SIGTERM. The proxy is process 1 of its container, which has no default action: write process.on("SIGTERM", …), and end there.',
}
