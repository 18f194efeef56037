/** Judges the second step: whether the app starts only once its sidecar can be relied on. */
import { done, notYet, type Verdict } from '#sandbox/course/check.ts'
import type { Container } from '#sandbox/objects.ts'
import { judgeNative } from './race.ts'
import type { Shop } from './shop.ts'

/** Done when something holds the app back until the sidecar is there, and the app never had to die for it. */
export async function judgeGate(shop: Shop): Promise<Verdict> {
  const { name, sidecars } = shop
  if (sidecars.length > 0) {
    await shop.ask({ untilCrash: true })
    const crash = await shop.crashed()
    if (crash) {
      const because = `${crash.name} started before its sidecar listened, and died`
      const evidence = { source: `logs ${name} -c ${crash.name}`, text: crash.said }
      return notYet(because, { evidence, hint: explainCrash(sidecars) })
    }
  }
  const fault = await judgeNative(shop)
  if (fault) return fault
  const [source, text] = [`pod ${name} .status`, await shop.times()]
  if (sidecars.some(holdsBack)) return done(source, `${text}, no restart`)
  return notYet('no sidecar holds the app back: it started at once', {
    evidence: { source, text },
    hint: HINTS.appWaits,
  })
}

function explainCrash(sidecars: Container[]): string | undefined {
  if (sidecars.some(holdsBack)) return HINTS.passesAtOnce
  const hasProbe = sidecars.some(({ readinessProbe, livenessProbe }) => readinessProbe ?? livenessProbe)
  return hasProbe ? HINTS.otherProbe : undefined
}

/** A postStart hook that waits is as good: the kubelet starts nothing else before it has ended. */
function holdsBack({ startupProbe, lifecycle }: Container): boolean {
  return Boolean(startupProbe ?? lifecycle?.postStart)
}

const HINTS = {
  passesAtOnce:
    'What should hold the app back succeeds before the proxy listens. Let it ask for that very thing: answer 200 only when proxy.listening is true, or open the health port in the callback of proxy.listen.',
  otherProbe:
    'A readiness or liveness probe holds no container back: the one says who gets visitors, the other who is restarted. The next container waits for the startupProbe.',
  appWaits:
    'The app waits by itself now, and each app behind this proxy would have to. Put the wait where the knowledge is: a startupProbe on the sidecar, and the kubelet holds back whatever comes after it.',
}
