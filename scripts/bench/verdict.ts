/** Benchmark of the time between the evidence in a container's log and the verdict on the learner's screen, in all lessons. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '#sandbox/command.ts'
import { findBinary } from '#sandbox/find-binary.ts'
import { listLessons, namespaceOf, type Lesson } from '#sandbox/course/lesson.ts'
import { solutionOf } from '#sandbox/course/states.ts'
import { workspaceFolder } from '#sandbox/course/workspace.ts'
import { startCluster, type ClusterAccess } from '../cluster-access.ts'
import { openLessonScreen, type Sight } from '../measure/lesson-screen.ts'
import { median, type Row } from '../measure/row.ts'
import { inTemporaryState } from '../measure/temporary-state.ts'

const RUNS = 3
const WORKSHOP = fileURLToPath(new URL('../workshop.mjs', import.meta.url))

/** Median, 95th percentile and maximum, in milliseconds, over every step whose evidence is a line of a log. */
export async function run(): Promise<Row[]> {
  const name = 'evidence in the log to verdict on the screen'
  if (!findBinary('script')) return [{ name, unit: 'ms', runs: 0, note: 'apt-get install util-linux' }]
  const times = await inTemporaryState(async (state) => {
    process.env.SIDECAR_WORKSHOP_DIR = join(state, 'workspaces')
    const cluster = await startCluster()
    const found: Verdict[] = []
    for (let round = 0; round < RUNS; round++) {
      for (const lesson of await listLessons()) found.push(...(await solveLesson(lesson, cluster)))
    }
    return found.sort((a, b) => a.ms - b.ms)
  })
  const percentile = times[Math.ceil(times.length * 0.95) - 1]
  const row = (what: string, value?: number, note?: string): Row => ({
    name: `${name}, ${what}`,
    unit: 'ms',
    value,
    runs: 1,
    note,
  })
  return [
    row(`median of ${times.length} verdicts`, median(times.map(({ ms }) => ms))),
    row('95th percentile', percentile?.ms),
    row('longest', times.at(-1)?.ms, times.at(-1)?.step),
  ]
}

/** How long one verdict took. */
interface Verdict {
  step: string
  ms: number
}

/** Saves one solution after the other as a learner does, and answers the time that each verdict took. */
async function solveLesson(lesson: Lesson, cluster: ClusterAccess): Promise<Verdict[]> {
  const screen = openLessonScreen(lesson.number, {})
  const times: Verdict[] = []
  try {
    await screen.see(/q quit/)
    for (const [step, { id, title }] of lesson.steps.entries()) {
      for (const [file, text] of await solutionOf(lesson, step)) {
        await writeFile(join(workspaceFolder(lesson), file), text)
      }
      const sight = await screen.seeDone(title)
      const evidenceMs = await timeOf(sight, namespaceOf(lesson), cluster)
      if (evidenceMs !== undefined) {
        times.push({ step: `${lesson.name} ${id}`, ms: sight.atMs - evidenceMs })
      }
      screen.type('n')
    }
  } finally {
    await screen.close()
  }
  await runCommand(process.execPath, [WORKSHOP, 'reset', String(lesson.number)])
  return times
}

/** When the log got the line; `undefined` where the evidence is none, such as a field of a status. */
async function timeOf(
  { source, text }: Sight,
  namespace: string,
  { client }: ClusterAccess,
): Promise<number | undefined> {
  const [, name, container] = /^logs (\S+) -c (\S+)$/.exec(source) ?? []
  if (!name) return undefined
  const log = await client.logs({ name, namespace }, { container, timestamps: true })
  const line = log.split('\n').findLast((each) => each.slice(each.indexOf(' ') + 1).startsWith(text))
  return line === undefined ? undefined : Date.parse(line.slice(0, line.indexOf(' ')))
}
