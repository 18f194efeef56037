/** Judges what the sidecar changes in a call: a token that only it knows goes on, and the customer does not. */
import { done, notYet, type Evidence, type Verdict } from '#sandbox/course/check.ts'
import { arrived } from './passing.ts'
import type { Kiosk } from './kiosk.ts'

/** Done when the price service knows the kiosk and not its customer, and the token is nowhere else to be seen. */
export async function judgeChange(kiosk: Kiosk): Promise<Verdict> {
  const customer = `${kiosk.lab.nonce}-customer`
  const call = { tag: 'contract', what: 'contracts', headers: { 'x-customer': customer } }
  await kiosk.call(call)
  const line = (await kiosk.appLines('contract')).at(-1) ?? '(nothing)'
  const [arrival] = await kiosk.arrivals('contract')
  if (!arrival) {
    const because = 'the app asked for its own price, and the price service was not asked'
    return notYet(because, { evidence: { source: kiosk.source(kiosk.app), text: line } })
  }
  const evidence = arrived(kiosk, arrival)
  const { authorization } = arrival.headers
  if (authorization === undefined) {
    return notYet('the call arrived at the price service without authorization', { evidence })
  }
  if (authorization !== '(right)') {
    const because = 'the call arrived at the price service with an authorization that it does not accept'
    return notYet(because, { evidence, hint: HINTS.wrongToken })
  }
  if (JSON.stringify(arrival.headers).includes(customer)) {
    const because = `the price service got to know the customer, ${customer}`
    return notYet(because, { evidence, hint: HINTS.customer })
  }
  const fault = (await findLeak(kiosk)) ?? (await findOpenDoor(kiosk))
  return fault ?? done(kiosk.source(kiosk.app), line)
}

/** Looks for the token in all logs of the pod, and in what the app can read. */
async function findLeak(kiosk: Kiosk): Promise<Verdict | undefined> {
  const { lab, name, app, prices } = kiosk
  const token = (await lab.exec(prices.pod, prices.container, ['cat', '/secret/token']))?.stdout.trim()
  if (!token) throw new Error(`container ${prices.container} of pod ${prices.pod} has no /secret/token`)
  for (const container of [...kiosk.sidecars, app]) {
    const line = (await kiosk.logLines(container)).find((each) => each.includes(token))
    if (line === undefined) continue
    const evidence = { source: kiosk.source(container), text: line.replaceAll(token, '(the token)') }
    return notYet(`the token stands in the log of container ${container}`, { evidence, hint: HINTS.logged })
  }
  const argv = ['sh', '-c', SEARCH, 'sh', token, ...appFolders(kiosk)]
  const found = (await lab.exec(name, app, argv))?.stdout.trim().split('\n')[0]
  if (!found) return undefined
  const isVariable = found.startsWith('/proc')
  const evidence: Evidence = { source: `exec ${name} -c ${app}`, text: isVariable ? 'env' : found }
  const hint = !isVariable && found.endsWith('.ts') ? HINTS.inCode : HINTS.inApp
  return notYet('the app can read the token', { evidence, hint })
}

/** Whoever reaches the sidecar can use the token, so nobody outside the pod may. */
async function findOpenDoor(kiosk: Kiosk): Promise<Verdict | undefined> {
  const line = (await kiosk.appLines('contract'))[0] ?? ''
  const port = Number(/^\w+ http:\/\/[^/:]+:(\d+)/.exec(line)?.[1])
  if (!port) return undefined
  const call = { tag: 'outside', what: 'contracts' }
  const answer = await kiosk.lab.request(kiosk.name, port, kiosk.url(call))
  if (answer?.status !== 200) return undefined
  const evidence = { source: `GET from outside the pod, port ${port}`, text: answer.body.trim() }
  return notYet('who is not in the pod can make calls with the token, too', {
    evidence,
    hint: HINTS.openDoor,
  })
}

/** Where the app's container mounts something; what Kubernetes adds by itself is left out. */
function appFolders({ pod, app }: Kiosk): string[] {
  const mounts = pod.spec.containers.find(({ name }) => name === app)?.volumeMounts ?? []
  return mounts.map(({ mountPath }) => mountPath).filter((path) => !path.startsWith('/var/run/secrets/'))
}

/** Prints the files that hold the first argument, below the other ones and in the environment of the program. */
const SEARCH = 'word=$1; shift; grep -rlsF -- "$word" /proc/1/environ "$@"; true'

const HINTS = {
  wrongToken:
    'The price service expects “Bearer”, a space and the token, with no line end behind it: trim() what you read from a file.',
  customer: 'x-customer is the kiosk’s own affair. Take it out of the headers before you pass them on.',
  logged:
    'The token stands in a log, where too many can read it. Log the fields that you choose, never all headers.',
  inCode:
    'The token stands in the code, and the code is in a ConfigMap that all containers mount. Read it from the Secret.',
  inApp:
    'The app has the token as well. Give the Secret to the sidecar only: mount it, or name it as a variable, in that container and in no other.',
  openDoor:
    'Your sidecar listens on all addresses of the pod, so everybody in the cluster can borrow the token. Listen on 127.0.0.1 only.',
}
