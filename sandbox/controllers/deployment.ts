/** Rolls Deployments out, one ReplicaSet per template: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/ */
import { isDeepStrictEqual } from 'node:util'
import { PODS, type ObjectRef } from '../client.ts'
import { DEPLOYMENTS, REPLICA_SETS } from '../kinds.ts'
import { selectorText, selects } from '../label-selector.ts'
import type { Deployment, DeploymentCondition, ReplicaSet } from '../objects.ts'
import { newSize, shrink, spread, wanted } from './deployment/amounts.ts'
import {
  type Revisions,
  createRevision,
  formerMaximum,
  isSizeStale,
  numberRevision,
  readRevisions,
  resize,
  revisionAnnotation,
  revisionOf,
} from './deployment/revisions.ts'
import {
  deadlineMs,
  isComplete,
  progressing,
  statusOf,
  withCondition,
  withProgress,
} from './deployment/status.ts'
import { controllerOf } from './machinery/pods.ts'
import { createQueue } from './machinery/queue.ts'
import { type Record as RecordEvent, createRecorder } from './machinery/recorder.ts'
import type { ControllerContext } from './start.ts'

/** One Deployment at work; `conditions` grow as it goes. */
interface Rollout extends Revisions {
  context: ControllerContext
  record: RecordEvent
  deployment: Deployment
  conditions: DeploymentCondition[]
}

/** Works until the signal aborts. */
export async function startController(context: ControllerContext): Promise<void> {
  const { informers } = context
  const record = createRecorder(context, 'deployment-controller')
  const queue = createQueue(context, async (ref) => {
    const waitMs = await reconcile(context, record, ref)
    if (waitMs !== undefined) queue.addAfter(ref, waitMs)
  })
  await informers.follow(DEPLOYMENTS, ({ metadata }) => queue.add(metadata))
  await informers.follow(REPLICA_SETS, (set) => {
    const { namespace, labels } = set.metadata
    const controller = controllerOf(set)
    if (controller?.kind === 'Deployment') queue.add({ namespace, name: controller.name })
    if (controller) return
    for (const { metadata, spec } of informers.list(DEPLOYMENTS)) {
      if (metadata.namespace === namespace && selects(spec.selector, labels)) queue.add(metadata)
    }
  })
  // Recreate waits for the last old pod.
  await informers.follow(PODS, ({ metadata }, isGone) => {
    if (!isGone) return
    for (const deployment of informers.list(DEPLOYMENTS)) {
      if (
        deployment.spec.strategy?.type === 'Recreate' &&
        deployment.metadata.namespace === metadata.namespace
      ) {
        queue.add(deployment.metadata)
      }
    }
  })
}

/** Answers the milliseconds until a rollout without progress will have failed. */
async function reconcile(
  context: ControllerContext,
  record: RecordEvent,
  ref: ObjectRef,
): Promise<number | undefined> {
  const { client, clock } = context
  const deployment = await client.find(DEPLOYMENTS, ref)
  if (!deployment) return undefined
  const revisions = await readRevisions(context, deployment)
  const conditions = deployment.status.conditions ?? []
  const rollout: Rollout = { context, record, deployment, conditions, ...revisions }
  if (deployment.metadata.deletionTimestamp) await writeStatus(rollout, false)
  else if (isHeld(rollout)) {
    await scale(rollout)
    if (deployment.spec.paused) await cleanUp(rollout)
    await writeStatus(rollout, false)
  } else {
    if (deployment.spec.strategy?.type === 'Recreate') await recreate(rollout)
    else await rollOn(rollout)
    await writeStatus(rollout, true)
  }
  const current = rollout.deployment.status.conditions?.find(({ type }) => type === 'Progressing')
  const isLate = current?.reason === 'ProgressDeadlineExceeded'
  const waitMs = deadlineMs(deployment, current) - clock.now()
  return isLate || deployment.spec.paused || !Number.isFinite(waitMs) ? undefined : Math.max(0, waitMs) + 1000
}

/** Whether the Deployment is paused, or was scaled: then sizes come first and a rollout later. */
function isHeld(rollout: Rollout): boolean {
  const { deployment, newest, old, context } = rollout
  const { paused } = deployment.spec
  const current = rollout.conditions.find(({ type }) => type === 'Progressing')
  const now = context.clock.now()
  if (paused && current?.reason !== 'DeploymentPaused') {
    const condition = progressing('DeploymentPaused', 'Deployment is paused', 'Unknown')
    rollout.conditions = withCondition(rollout.conditions, condition, now)
  } else if (!paused && current?.reason === 'DeploymentPaused') {
    const condition = progressing('DeploymentResumed', 'Deployment is resumed', 'Unknown')
    rollout.conditions = withCondition(rollout.conditions, condition, now)
  }
  return Boolean(paused) || [...(newest ? [newest] : []), ...old].some((set) => isSizeStale(deployment, set))
}

async function rollOn(rollout: Rollout): Promise<void> {
  await ensureNewest(rollout)
  const { deployment, newest, old } = rollout
  if (!newest) return
  const { replicas = 1 } = deployment.spec
  const size = wanted(newest)
  const next = size > replicas ? replicas : newSize(deployment, [newest, ...old], size)
  if (await setSize(rollout, newest, next)) return
  const active = old.filter((set) => wanted(set) > 0)
  for (const [set, smaller] of shrink(deployment, newest, active)) await setSize(rollout, set, smaller)
  await cleanUp(rollout)
}

async function recreate(rollout: Rollout): Promise<void> {
  const { context, deployment, newest, old } = rollout
  let hasShrunk = false
  for (const set of old) if (await setSize(rollout, set, 0)) hasShrunk = true
  if (hasShrunk) return
  const { items } = await context.client.list(PODS, {
    namespace: deployment.metadata.namespace,
    labelSelector: selectorText(deployment.spec.selector),
  })
  const hasOldPods = items.some(
    (pod) =>
      controllerOf(pod)?.uid !== newest?.metadata.uid &&
      old.some(({ metadata }) => metadata.uid === controllerOf(pod)?.uid) &&
      !['Failed', 'Succeeded'].includes(pod.status.phase ?? ''),
  )
  if (hasOldPods) return
  await ensureNewest(rollout)
  if (rollout.newest) await setSize(rollout, rollout.newest, deployment.spec.replicas ?? 1)
  await cleanUp(rollout)
}

/** Makes the ReplicaSet of the present template, or gives the existing one the highest number. */
async function ensureNewest(rollout: Rollout): Promise<void> {
  const { context, record, deployment, old } = rollout
  const now = context.clock.now()
  if (rollout.newest) {
    rollout.newest = await numberRevision(context, deployment, { newest: rollout.newest, old })
    if (!rollout.conditions.some(({ type }) => type === 'Progressing')) {
      const found = `Found new replica set "${rollout.newest.metadata.name}"`
      rollout.conditions = withCondition(rollout.conditions, progressing('FoundNewReplicaSet', found), now)
    }
  } else {
    const created = await createRevision(context, deployment, old)
    if (!created) {
      const collisionCount = (deployment.status.collisionCount ?? 0) + 1
      await context.client.patch(
        DEPLOYMENTS,
        deployment.metadata,
        { status: { collisionCount } },
        { subresource: 'status' },
      )
      throw new Error(`the name of the new ReplicaSet of ${deployment.metadata.name} is taken`)
    }
    rollout.newest = created
    const { name } = created.metadata
    if (wanted(created) > 0) tellScaled(record, deployment, 'up', name, 0, wanted(created))
    const told = progressing('NewReplicaSetCreated', `Created new replica set "${name}"`)
    rollout.conditions = withCondition(rollout.conditions, told, now)
  }
  const annotations = revisionAnnotation(rollout.newest)
  const isNumbered = Object.entries(annotations).every(
    ([key, value]) => deployment.metadata.annotations?.[key] === value,
  )
  if (isNumbered) return
  const metadata = { annotations }
  rollout.deployment = await context.client.patch(DEPLOYMENTS, deployment.metadata, { metadata })
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#proportional-scaling */
async function scale(rollout: Rollout): Promise<void> {
  const { deployment, newest, old } = rollout
  const { replicas = 1 } = deployment.spec
  const all = [...old, ...(newest ? [newest] : [])]
  const active = all.filter((set) => wanted(set) > 0)
  if (active.length <= 1) {
    const only = active[0] ?? newest ?? old.at(-1)
    if (only) await setSize(rollout, only, replicas)
    return
  }
  const isSaturated = newest?.status.availableReplicas === replicas && wanted(newest) === replicas
  if (newest && isSaturated && !isSizeStale(deployment, newest)) {
    for (const set of old) await setSize(rollout, set, 0)
  } else if (deployment.spec.strategy?.type === 'RollingUpdate') {
    const sizes = spread(deployment, active, (set) => formerMaximum(deployment, set))
    for (const [set, size] of sizes) await setSize(rollout, set, size, true)
  }
}

/** Whether the size had to change. With `always`, the annotations of the size are renewed in any case. */
async function setSize(rollout: Rollout, set: ReplicaSet, size: number, always = false): Promise<boolean> {
  const { context, record, deployment } = rollout
  const before = wanted(set)
  if (before === size && !always && !isSizeStale(deployment, set)) return false
  const resized = await resize(context, deployment, set, size)
  if (rollout.newest === set) rollout.newest = resized
  else rollout.old = rollout.old.map((one) => (one === set ? resized : one))
  if (before === size) return false
  tellScaled(record, deployment, size > before ? 'up' : 'down', set.metadata.name, before, size)
  return true
}

function tellScaled(
  record: RecordEvent,
  deployment: Deployment,
  direction: 'up' | 'down',
  name: string,
  from: number,
  to: number,
): void {
  const message = `Scaled ${direction} replica set ${name} from ${from} to ${to}`
  record(deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message })
}

/** Removes the oldest empty revisions beyond revisionHistoryLimit, once a rollout is complete. */
async function cleanUp({ context, deployment, newest, old, conditions }: Rollout): Promise<void> {
  const { revisionHistoryLimit: limit = 10, paused } = deployment.spec
  const status = statusOf(deployment, { newest, old }, conditions, context.clock.now())
  if (!paused && !isComplete(deployment, status)) return
  const doomed = old
    .filter(({ metadata }) => !metadata.deletionTimestamp)
    .toSorted((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, Math.max(0, old.length - limit))
    .filter((set) => wanted(set) === 0 && set.status.replicas === 0)
  for (const set of doomed) await context.client.delete(REPLICA_SETS, set.metadata)
}

async function writeStatus(rollout: Rollout, isRollingOut: boolean): Promise<void> {
  const { context, deployment, conditions } = rollout
  const now = context.clock.now()
  const plain = statusOf(deployment, rollout, conditions, now)
  const status = isRollingOut ? withProgress(deployment, rollout, plain, now) : plain
  if (isDeepStrictEqual(status, deployment.status)) return
  rollout.deployment = await context.client.replace(DEPLOYMENTS, { ...deployment, status }, 'status')
}
