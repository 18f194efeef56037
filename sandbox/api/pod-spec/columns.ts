/** The row of a pod in `kubectl get`: https://github.com/kubernetes/kubernetes/blob/master/pkg/printers/internalversion/printers.go (printPod) */
import type { Container, ContainerStatus, Pod } from '../../objects.ts'
import type { Column } from '../resource.ts'
import { ageColumn, ageText, nameColumn } from '../table.ts'

/** Columns of `kubectl get pods`. */
export const podColumns: Column<Pod>[] = [
  nameColumn,
  { name: 'Ready', cell: (pod) => readyText(pod) },
  { name: 'Status', cell: (pod) => statusText(pod) },
  { name: 'Restarts', cell: (pod, now) => restartsText(pod, now) },
  ageColumn,
  { name: 'IP', wide: true, cell: ({ status }) => status.podIPs?.[0]?.ip ?? status.podIP ?? '<none>' },
  { name: 'Node', wide: true, cell: ({ spec }) => spec.nodeName || '<none>' },
  { name: 'Nominated Node', wide: true, cell: ({ status }) => status.nominatedNodeName || '<none>' },
  { name: 'Readiness Gates', wide: true, cell: (pod) => readinessGatesText(pod) },
]

/** Native sidecars count like containers. */
function sidecarsOf(pod: Pod): Map<string, Container> {
  const all = pod.spec.initContainers ?? []
  return new Map(all.filter((one) => one.restartPolicy === 'Always').map((one) => [one.name, one]))
}

function readyText(pod: Pod): string {
  const sidecars = sidecarsOf(pod)
  const inits = (pod.status.initContainerStatuses ?? []).filter((status) => sidecars.has(status.name))
  const total = pod.spec.containers.length + sidecars.size
  const readySidecars = inits.filter((status) => status.ready && status.started).length
  const ready = isStarting(pod)
    ? readySidecars
    : readySidecars +
      (pod.status.containerStatuses ?? []).filter((status) => status.ready && status.state?.running).length
  return `${ready}/${total}`
}

/** The STATUS column. */
export function statusText(pod: Pod): string {
  const { phase, reason, conditions = [] } = pod.status
  let text = reason || phase || ''
  const scheduled = conditions.find((one) => one.type === 'PodScheduled')
  if (scheduled?.reason === 'SchedulingGated') text = 'SchedulingGated'
  const initializing = initText(pod)
  if (initializing !== undefined) text = initializing
  if (!isStarting(pod)) text = mainText(pod, text)
  if (pod.metadata.deletionTimestamp) {
    if (reason === 'NodeLost') return 'Unknown'
    if (phase !== 'Succeeded' && phase !== 'Failed') return 'Terminating'
  }
  return text
}

/** What the first unfinished init container is at; `undefined` when all are through. */
function initText(pod: Pod): string | undefined {
  const sidecars = sidecarsOf(pod)
  const statuses = pod.status.initContainerStatuses ?? []
  for (const [at, status] of statuses.entries()) {
    const { terminated, waiting } = status.state ?? {}
    if (terminated?.exitCode === 0) continue
    if (sidecars.has(status.name) && status.started) continue
    if (terminated) return `Init:${endText(terminated)}`
    if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`
    return `Init:${at}/${pod.spec.initContainers!.length}`
  }
  return undefined
}

/** Whether the init containers are still what the row is about. */
function isStarting(pod: Pod): boolean {
  return (
    initText(pod) !== undefined &&
    !(pod.status.conditions ?? []).some((one) => one.type === 'Initialized' && one.status === 'True')
  )
}

function mainText(pod: Pod, before: string): string {
  let text = before
  let hasRunning = false
  for (const { state = {}, ready } of (pod.status.containerStatuses ?? []).toReversed()) {
    if (state.waiting?.reason) text = state.waiting.reason
    else if (state.terminated) text = endText(state.terminated)
    else if (ready && state.running) hasRunning = true
  }
  if (text !== 'Completed' || !hasRunning) return text
  const ready = (pod.status.conditions ?? []).some((one) => one.type === 'Ready' && one.status === 'True')
  return ready ? 'Running' : 'NotReady'
}

function endText({
  reason,
  signal,
  exitCode,
}: {
  reason?: string
  signal?: number
  exitCode: number
}): string {
  if (reason) return reason
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`
}

function restartsText(pod: Pod, now: number): string {
  const sidecars = sidecarsOf(pod)
  const { initContainerStatuses: inits = [], containerStatuses: mains = [] } = pod.status
  const counted = isStarting(pod) ? inits : [...inits.filter((status) => sidecars.has(status.name)), ...mains]
  const restarts = counted.reduce((sum, status) => sum + status.restartCount, 0)
  const latest = counted
    .map(endedAt)
    .filter((time) => time !== undefined)
    .sort()
    .at(-1)
  return restarts > 0 && latest ? `${restarts} (${ageText(latest, now)} ago)` : String(restarts)
}

function endedAt(status: ContainerStatus): string | undefined {
  return status.lastState?.terminated?.finishedAt
}

function readinessGatesText(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? []
  if (gates.length === 0) return '<none>'
  const met = gates.filter((gate) =>
    pod.status.conditions?.some((one) => one.type === gate.conditionType && one.status === 'True'),
  )
  return `${met.length}/${gates.length}`
}
