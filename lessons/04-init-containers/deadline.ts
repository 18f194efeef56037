/** Judges the rehearsal: a pod whose dependency never comes gives up in time, says why, and does not start its app. */
import { done, notYet, type Check, type Verdict } from '#sandbox/course/check.ts'
import type { Lab } from '#sandbox/course/lab.ts'
import type { Container, ContainerStatus, Pod } from '#sandbox/objects.ts'
import { isGuestbook, mentions } from './guestbook.ts'

/** Done when a pod other than the guestbook has failed in an init container, for good, and its log names the URL. */
export const deadline: Check = async (lab) => {
  const isThere = async () => (await lab.pods()).some(isRehearsal)
  if (!(await lab.until(isThere, { timeoutMs: 500 }))) {
    return notYet('there is no pod yet that waits for somebody who never comes')
  }
  const pod = await settle(lab)
  return pod ? await judge(lab, pod) : notYet('the pod that waited is gone')
}

/** The rehearsal, once nothing more will change in it or it has waited for so long that it has no end. */
async function settle(lab: Lab): Promise<Pod | undefined> {
  let seen: Pod | undefined
  let waitsSinceMs: number | undefined
  const isSettled = async () => {
    const pods = (await lab.pods()).filter(isRehearsal)
    seen = pods.find(({ status }) => status.phase === 'Failed') ?? pods[0]
    if (!seen || isOver(seen)) return true
    if (seen.status.initContainerStatuses?.some(({ state }) => state?.running)) waitsSinceMs ??= Date.now()
    return waitsSinceMs !== undefined && Date.now() - waitsSinceMs > LONG_ENOUGH_MS
  }
  await lab.until(isSettled, { timeoutMs: 20_000 })
  return seen
}

/** A rehearsal that follows the text waits for two seconds. */
const LONG_ENOUGH_MS = 8_000

async function judge(lab: Lab, pod: Pod): Promise<Verdict> {
  const { name } = pod.metadata
  const inits = pod.status.initContainerStatuses ?? []
  const init = inits.find((each) => exitCodeOf(each) !== 0) ?? inits.at(-1)
  if (!init) return notYet(`the containers of pod ${name} have not started`)
  const lines = await lab.logLines(name, init.name)
  const text = lines.findLast((line) => line.trim() !== '') ?? '(nothing)'
  const evidence = { source: `logs ${name} -c ${init.name}`, text }
  if (pod.status.containerStatuses?.some(hasRun)) {
    return notYet(`the app of pod ${name} has started`, { evidence, hint: HINTS.exitCode })
  }
  if (init.state?.running && init.restartCount === 0) {
    const because = `init container ${init.name} of pod ${name} waits, and has no end`
    return notYet(because, { evidence, hint: HINTS.noEnd })
  }
  if (pod.status.phase !== 'Failed') {
    const restarts = `${init.restartCount} restarts`
    const state = { source: `pod ${name} .status`, text: `${pod.status.phase}, ${restarts}` }
    const hint = pod.spec.restartPolicy === 'Never' ? undefined : HINTS.restarts
    return notYet(`the kubelet goes on trying to start pod ${name}`, { evidence: state, hint })
  }
  const hosts = hostsOf(pod.spec.initContainers?.find((each) => each.name === init.name))
  if (!hosts.some((host) => lines.some((line) => line.includes(host)))) {
    return notYet(`init container ${init.name} does not say what it waited for`, {
      evidence,
      hint: HINTS.silent,
    })
  }
  return done(evidence.source, `${text}\npod ${name}: ${pod.status.phase}`)
}

/** Nothing more will change in it that the verdict depends on. */
function isOver(pod: Pod): boolean {
  const { phase, initContainerStatuses = [], containerStatuses = [] } = pod.status
  const isRestarted = initContainerStatuses.some(({ restartCount }) => restartCount > 0)
  return phase === 'Failed' || isRestarted || containerStatuses.some(hasRun)
}

/** Any pod with an init container that is neither the guestbook nor the archive. */
function isRehearsal(pod: Pod): boolean {
  const isArchive = pod.spec.containers.some((each) => mentions(each, 'archive.ts'))
  return (
    !pod.metadata.deletionTimestamp &&
    !isArchive &&
    !isGuestbook(pod) &&
    (pod.spec.initContainers ?? []).length > 0
  )
}

/** A pod that has failed says of its app that it was terminated, whether or not there ever was a container. */
function hasRun({ containerID }: ContainerStatus): boolean {
  return Boolean(containerID)
}

function exitCodeOf({ state, lastState }: ContainerStatus): number {
  return (state?.terminated ?? lastState?.terminated)?.exitCode ?? 0
}

/** The hosts of the addresses that a container is told, in its environment or in its command. */
function hostsOf(container: Container | undefined): string[] {
  const { command = [], args = [], env = [] } = container ?? {}
  const texts = [...command, ...args, ...env.map(({ value = '' }) => value)]
  return texts.flatMap((text) => [...text.matchAll(/https?:\/\/([\w.-]+)/g)].map(([, host]) => host!))
}

const HINTS = {
  exitCode:
    'To the kubelet, exit code 0 is success, and the next container starts. Whoever gives up has to say so with another code: process.exit(1).',
  noEnd:
    'Without an end this pod stays at Init:0/1 for years, and nobody is told. Stop after DEADLINE_SECONDS, with a message and exit code 1.',
  restarts:
    'An init container that fails is started again, unless the pod says restartPolicy: Never. Then its failure is the failure of the pod.',
  silent:
    'Whoever is woken up by this pod reads this log first. Say what you waited for, for how long, and what the last answer was.',
}
