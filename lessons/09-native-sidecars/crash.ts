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
  const { lab, name } = shop
  const containers = [...shop.sidecars, ...shop.ordinary]
  const source = `pod ${name} .status.conditions`
  if (!(await waitForReady(shop, true, 5_000))) {
    const because = 'the backend answers, and the pod is not ready'
    return notYet(because, {
      evidence: { source, text: await readiness(shop) },
      hint: explainUnready(containers),
    })
  }
  const before = await restarts(shop)
  const backend = await findBackend(shop)
  if (!backend)
    throw new Error(`no pod printed the request /${lab.nonce} that pod ${name} sent to its backend`)
  const sh = (script: string) => lab.exec(backend.pod, backend.container, ['sh', '-c', script])
  await sh('touch /tmp/down')
  let text = ''
  let isUnready = false
  let isRestarted = false
  try {
    const isSlow = !containers.some(asksOften)
    isUnready = await waitForReady(shop, false, isSlow ? 0 : 5_000)
    text = await readiness(shop)
    const hasLiveness = containers.some(({ livenessProbe }) => livenessProbe)
    const isOver = async () => (await restarts(shop)) !== before
    isRestarted = Boolean(hasLiveness && (await lab.until(isOver, { timeoutMs: 4_500 })))
  } finally {
    await sh('rm -f /tmp/down')
  }
  const evidence = { source, text }
  if (isRestarted) {
    const because = 'the backend was down, and a container of this pod was restarted for it'
    return notYet(because, { evidence: { source, text: await restarts(shop) }, hint: HINTS.liveness })
  }
  if (!isUnready) {
    return notYet('the backend was down, and the pod went on being ready', {
      evidence,
      hint: explainReady(containers),
    })
  }
  if (await waitForReady(shop, true, shop.leftMs)) return undefined
  return notYet('the backend is back, and the pod is still not ready', { evidence, hint: HINTS.neverReady })
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
    return notYet('the sidecar was ended, and the pod did not become ready again', {
      evidence: { source, text },
    })
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
  const pod = await lab.waitForPod(name, has, { timeoutMs })
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
