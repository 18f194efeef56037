/** `npm run lessons`: proves every lesson, case by case, on a cluster of its own. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { LabCluster } from '#sandbox/course/lab.ts'
import { findLesson, listLessons, type Lesson } from '#sandbox/course/lesson.ts'
import { listCases, prove } from '#sandbox/course/prove.ts'
import { WorkshopError } from '#sandbox/errors.ts'
import { startCluster } from '../cluster-access.ts'
import { inTemporaryState } from '../measure/temporary-state.ts'
import { ProofTable, type Proof } from '../terminal/proof-table.ts'
import { print } from '../terminal/print.ts'

export const summary =
  'proves every lesson: its start fails, its solutions pass, its answers earn their verdicts'
export const usage = `npm run lessons                    every lesson, each case once
npm run lessons 2 3                lessons 2 and 3
npm run lessons -- --repeat 50     each case fifty times
npm run lessons -- --jobs 8        so many cases at a time; ${defaultJobs()} unless told
npm run lessons -- --folder DIR    the lessons of another folder
seconds are those of all cases of a step, added up
exit code: 0 when no verdict is false, 1 when one is`

/** 0 when no verdict was false; 130 after Ctrl-C. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      repeat: { type: 'string', default: '1' },
      jobs: { type: 'string', default: String(defaultJobs()) },
      folder: { type: 'string' },
    },
  })
  const [repeats, jobs] = [parseCount('repeat', values.repeat), parseCount('jobs', values.jobs)]
  const typed = positionals.map((each) => findLesson(each, values.folder))
  const lessons = await (typed.length > 0 ? Promise.all(typed) : listLessons(values.folder))
  const proofs = (await Promise.all(lessons.map((lesson) => proofsOf(lesson, repeats)))).flat()
  const table = new ProofTable(proofs, repeats)
  const interrupted = new AbortController()
  const interrupt = () => interrupted.abort()
  // Not only once: a second Ctrl-C must not keep the cluster from being taken down.
  for (const name of SIGNALS) process.on(name, interrupt)
  try {
    await inTemporaryState(async () => {
      const cluster = await startCluster({ signal: interrupted.signal })
      await proveAll(proofs, { cluster, jobs, table, signal: interrupted.signal })
    })
  } catch (error) {
    if (!interrupted.signal.aborted) throw error
    table.clear()
    print('Stopped.')
    return 130
  } finally {
    for (const name of SIGNALS) process.off(name, interrupt)
  }
  return table.conclude() ? 0 : 1
}

/** All repeats of a case stand together, so that the rows of the table are done in their order. */
async function proofsOf(lesson: Lesson, repeats: number): Promise<Proof[]> {
  const cases = await listCases(lesson)
  return cases.flatMap((each) =>
    Array.from({ length: repeats }, (_, index) => ({ lesson, each, repeat: index + 1 })),
  )
}

async function proveAll(
  proofs: Proof[],
  {
    cluster,
    jobs,
    table,
    signal,
  }: { cluster: LabCluster; jobs: number; table: ProofTable; signal: AbortSignal },
): Promise<void> {
  const queue = proofs.values()
  const work = async () => {
    // The workers share the iterator: each takes what is next.
    for (const proof of queue) table.add(proof, await prove(proof.lesson, proof.each, cluster, signal))
  }
  await Promise.all(Array.from({ length: jobs }, work))
}

function parseCount(name: string, text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1) return count
  throw new WorkshopError(`--${name} ${text} is not a count`, `choose a number from 1 on: --${name} 5`)
}

/** Most of a case is waiting; but one engine serves them all, and beyond eight its checks begin to miss their deadlines. */
function defaultJobs(): number {
  return Math.min(8, 3 * availableParallelism())
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
