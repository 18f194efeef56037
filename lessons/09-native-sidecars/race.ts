/** Judges the first step: whether what carries the app's requests is a native sidecar, which starts before the app. */
import { done, notYet, type Verdict } from '#sandbox/course/check.ts'
import type { Shop } from './shop.ts'

/** Done when the app's request came through a native sidecar; whether the app has crashed before is not asked here. */
export async function judgeRace(shop: Shop): Promise<Verdict> {
  const fault = await judgeNative(shop)
  return fault ?? done(`pod ${shop.name} .status`, await shop.times())
}

/** Why the app does not speak through a native sidecar; undefined when it does. */
export async function judgeNative(shop: Shop): Promise<Verdict | undefined> {
  const { name, sidecars, ordinary } = shop
  if (sidecars.length === 0) return await explainOldStyle(shop)
  if (!(await shop.ask())) {
    const crash = await shop.crashed()
    // The order is kept. That it did not help the app is the affair of the next step.
    if (crash && ordinary.length === 1) return undefined
    const evidence = crash && { source: `logs ${name} -c ${crash.name}`, text: crash.said }
    return notYet(`pod ${name} does not answer on port 8080`, { evidence })
  }
  if ((await shop.carriers(sidecars)).length > 0) return undefined
  const [carrier] = await shop.carriers(ordinary)
  if (!carrier && ordinary.length === 1) return undefined
  const because = carrier
    ? `the request went through ${carrier}, which is an ordinary container`
    : `pod ${name} still has ${ordinary.length} ordinary containers`
  return notYet(because, {
    evidence: { source: `pod ${name} .status`, text: await shop.times() },
    hint: HINTS.wrongOne,
  })
}

async function explainOldStyle(shop: Shop): Promise<Verdict> {
  const { name, ordinary } = shop
  if (ordinary.length === 1) return notYet(`pod ${name} has no sidecar any more`)
  const because = `${ordinary.map((container) => container.name).join(' and ')} are ordinary containers: nobody waits for the other`
  const answer = await shop.ask({ untilCrash: true })
  const crash = await shop.crashed()
  if (crash) {
    const evidence = { source: `logs ${name} -c ${crash.name}`, text: crash.said }
    return notYet(because, {
      evidence,
      hint: crash.name === ordinary[0]!.name ? undefined : HINTS.order,
    })
  }
  return notYet(because, {
    evidence: { source: `pod ${name} .status`, text: await shop.times() },
    hint: answer && HINTS.waits,
  })
}

const HINTS = {
  order:
    'The order in the list of containers promises nothing: the kubelet starts one after the other, and waits for none. Make the proxy an init container with restartPolicy: Always.',
  waits:
    'It comes up, because the app now waits or tries again. That helps one app, on one day, at its start. Let Kubernetes keep the order: make the proxy an init container with restartPolicy: Always.',
  wrongOne:
    'The sidecar is the proxy, and the app is what the pod is there for. Put the proxy into initContainers, and the app into containers.',
}
